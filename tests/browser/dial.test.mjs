// An agent calls contacts from the desk in a real browser, with a real daemon and a simulated Meta.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch, leave, openContext, readyPage, until } from './support/browser.mjs';
import { House } from './support/house.mjs';
import { inspect } from './support/look.mjs';
import { tonesPlayed } from './support/tone.mjs';

let house;
let browser;
let opened = [];

before(async () => {
  [house, browser] = await Promise.all([House.start('dial'), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.stop();
});
afterEach(async () => {
  const contexts = opened;
  opened = [];
  for (const { context } of contexts) {
    for (const page of context.pages()) await leave(page);
    await context.close();
  }
  assert.deepEqual(contexts.flatMap(({ faults }) => faults), [], 'no page reports a fault');
});

async function desk() {
  const one = await openContext(browser);
  opened.push(one);
  return readyPage(house, one.context, 'ana');
}

/** Opens the dialog, writes the number and looks it up. */
async function lookUp(page, number) {
  await page.getByTestId('dial').click();
  await page.getByTestId('dial-number').fill(number);
  await page.keyboard.press('Enter');
}

test('a contact is asked, permits calls, is called, and both hear each other', async () => {
  const page = await desk();
  await house.contact('919812344444', { permits: 'none' });
  await lookUp(page, '+91 98123 44444');
  await page.getByTestId('dial-told').getByText('has not written or called').waitFor();
  assert.ok(await page.getByTestId('dial-ask').isDisabled());

  await house.contact('919812344444', { writes: true });
  await page.getByTestId('dial-number').fill('+919812344444');
  await page.getByTestId('dial-check').click();
  await page.getByTestId('dial-permit').getByText('has not permitted calls').waitFor();
  await page.getByTestId('dial-ask').click();
  await page.getByTestId('dial-permit').getByText('permits calls until').waitFor();
  await inspect(page, 'dial-permitted');
  await page.getByTestId('dial-call').click();

  await page.getByTestId('call-card').getByText('+919812344444').first().waitFor();
  await page.getByTestId('timer').waitFor();
  const phone = await house.placed();
  await until('the contact hears the agent', async () => {
    const { heard } = await phone.look();
    return heard.packets > 0 && heard.tones[880] > -45;
  });
  await until('the agent hears the contact', async () => {
    const levels = await tonesPlayed(page, [440]);
    return levels && levels[440] > -45;
  });
  await page.getByTestId('hang-up').click();
  await page.getByTestId('call-card').waitFor({ state: 'detached' });
  const { ended, violations } = await until('the call ends at Meta', async () => {
    const looked = await phone.look();
    return looked.ended ? looked : null;
  });
  assert.equal(ended.status, 'COMPLETED');
  assert.deepEqual(violations, []);
});

test('a contact who does not answer, one who declines, and a call that is cancelled', async () => {
  const page = await desk();
  await house.contact('919812355555', { permits: 'permanent', declines: true });
  await lookUp(page, '+919812355555');
  await page.getByTestId('dial-call').click();
  await page.getByText('+919812355555 declined the call.').waitFor();

  await house.contact('919812366666', { permits: 'permanent', lets_ring: true });
  await lookUp(page, '+919812366666');
  await page.getByTestId('dial-call').click();
  await page.getByTestId('call-state').getByText('Ringing').waitFor();
  await inspect(page, 'dial-ringing');
  await page.getByTestId('hang-up').click();
  await page.getByText('The call to +919812366666 was cancelled.').waitFor();

  await house.contact('919812377777', { permits: 'permanent', lets_ring: true, rings_for_ms: 1500 });
  await lookUp(page, '+919812377777');
  await page.getByTestId('dial-call').click();
  await page.getByText('+919812377777 did not answer.').waitFor();
});

test('what names nobody is told in words, and the dialog works by keyboard alone', async () => {
  const page = await desk();
  await page.getByTestId('dial').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('dial-number').waitFor();
  await page.keyboard.type('0170 123');
  await page.keyboard.press('Enter');
  await page.getByTestId('dial-told').getByText('no number in international form').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('dial-number').waitFor({ state: 'detached' });
});
