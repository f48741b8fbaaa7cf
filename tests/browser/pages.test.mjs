// Every state of the desk is accessible, fits a small screen, and can be looked at afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { goReady, launch, leave, openContext, signIn } from './support/browser.mjs';
import { House } from './support/house.mjs';
import { inspect } from './support/look.mjs';

let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.start('pages'), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

test('the sign-in form, also after a wrong code', async () => {
  const { context, faults } = await openContext(browser);
  const page = await context.newPage();
  await page.goto(house.desk);
  await page.getByTestId('code').fill('not-a-code');
  await page.getByTestId('sign-in').click();
  await page.getByText('This code is wrong').waitFor();
  await inspect(page, 'sign-in');
  assert.deepEqual(faults, []);
  await context.close();
});

test('the desk: not ready, ready, ringing, on a call', async () => {
  const { context, faults } = await openContext(browser);
  const page = await signIn(house, context, 'ana');
  await page.getByTestId('go-ready').waitFor();
  await inspect(page, 'not-ready');
  await goReady(page);
  await inspect(page, 'ready');
  const caller = await house.ring({ name: 'Maria Conceição' });
  await page.getByTestId('ring-card').waitFor();
  await inspect(page, 'ringing');
  await page.getByTestId('card-accept').click();
  await page.getByTestId('record-start').click();
  await page.getByTestId('recording-on').waitFor();
  await inspect(page, 'on-call');
  await caller.hangUp();
  await page.getByTestId('call-card').waitFor({ state: 'detached' });
  await leave(page);
  assert.deepEqual(faults, []);
  await context.close();
});

test('the desk in German', async () => {
  const { context, faults } = await openContext(browser, { locale: 'de-AT' });
  const page = await context.newPage();
  await page.goto(house.desk);
  await page.getByRole('heading', { name: 'Am Arbeitsplatz anmelden' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  assert.deepEqual(faults, []);
  await context.close();
});
