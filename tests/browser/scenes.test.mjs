// Every state the desk can be in is accessible and fits, and its dialogs work by keyboard alone. No daemon is needed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openContext, until } from './support/browser.mjs';
import { focused, inspect } from './support/look.mjs';
import { servePages } from './support/pages.mjs';

const SCENES = [
  'missed',
  'blocked',
  'blocked_off',
  'other_tab',
  'other_tab_call',
  'returning',
  'returning_by_itself',
  'wrap_up',
  'transferred',
  'sent_on',
  'came_back',
  'waits',
  'held',
  'transfer',
  'calling',
  'consulting',
  'consulted',
  'whispered',
  'muted_by_supervisor',
  'silent_page',
  'sound_lost',
  'dial',
  'dial_none',
  'dial_permitted',
  'dial_blocked',
  'dialling',
  'credit',
  'live',
  'live_none',
  'supervising',
];

let pages;
let browser;
let context;
let faults;

before(async () => {
  [pages, browser] = await Promise.all([servePages(), launch()]);
  ({ context, faults } = await openContext(browser));
});
after(async () => {
  await browser?.close();
  await pages?.stop();
  assert.deepEqual(faults, []);
});

async function scene(name) {
  const page = await context.newPage();
  await page.goto(`${pages.address}/dev/?scene=${name}`);
  await page.getByTestId('agent').waitFor();
  return page;
}

for (const name of SCENES) {
  test(`the state ${name}`, async () => {
    const page = await scene(name);
    await inspect(page, `scene-${name}`);
    await page.close();
  });
}

/** What the page asked the daemon for. */
function asked(page) {
  return page.evaluate(() => globalThis.asked);
}

test('a call is sent on with the keyboard alone', async () => {
  const page = await scene('open');
  await page.keyboard.press('Control+Shift+X');
  await page.getByTestId('transfer-dialog').waitFor();
  await until('the search has the focus', async () => (await focused(page)) === 'transfer-search');
  await page.keyboard.press('Escape');
  await page.getByTestId('transfer-dialog').waitFor({ state: 'hidden' });

  await page.getByTestId('transfer').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('transfer-dialog').waitFor();
  await page.keyboard.type('sal');
  await page.getByTestId('transfer-told').filter({ hasText: '1 found' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.getByTestId('transfer-told').filter({ hasText: 'Sales can be rung' }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'transfer-warm');
  await page.keyboard.press('Enter');
  assert.deepEqual(await asked(page), [['transfer', { kind: 'group', id: 'sales' }, 'warm']]);
  await page.keyboard.press('Escape');
  await page.getByTestId('transfer-dialog').waitFor({ state: 'hidden' });
  assert.equal(await focused(page), 'transfer', 'the focus is where it was');
  await page.close();
});

test('who cannot be rung can be looked at but not chosen', async () => {
  const page = await scene('transfer');
  await page.getByTestId('transfer-target').filter({ hasText: 'Eva Stern' }).click();
  await page.getByTestId('transfer-told').filter({ hasText: 'Eva Stern cannot be rung now' }).waitFor();
  assert.ok(await page.getByTestId('transfer-warm').isDisabled());
  assert.ok(await page.getByTestId('transfer-blind').isDisabled());
  await page.close();
});

test('a supervisor whispers, and ends a call only after being asked', async () => {
  const page = await scene('live');
  const row = page.getByTestId('live-call').filter({ hasText: 'Maria' });
  await row.getByRole('button', { expanded: false }).focus();
  await page.keyboard.press('Enter');
  await row.getByTestId('live-whisper').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('supervising').filter({ hasText: 'Maria Conceição does not hear you' }).waitFor();
  await row.getByTestId('live-end').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('end-dialog').waitFor();
  assert.equal(await focused(page), 'end-keep', 'Enter by mistake keeps the call');
  await page.keyboard.press('Escape');
  await page.getByTestId('end-dialog').waitFor({ state: 'hidden' });
  assert.equal(await focused(page), 'live-end');
  await page.keyboard.press('Enter');
  await page.getByTestId('end-confirm').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('end-dialog').waitFor({ state: 'hidden' });
  assert.deepEqual(await asked(page), [['endCall', 'l1']]);
  await page.close();
});

test('a note is saved after a pause in typing, and when the field is left', async () => {
  const page = await scene('wrap_up');
  await page.getByTestId('note').fill('Promised a call on Monday.');
  await until('it is saved', async () => (await asked(page)).length === 1);
  await page.getByTestId('note-saved').filter({ hasText: 'Saved' }).waitFor();
  await page.getByTestId('outcome').selectOption('Call back');
  assert.deepEqual(await asked(page), [
    ['annotate', 'call_1', { note: 'Promised a call on Monday.' }],
    ['annotate', 'call_1', { outcome: 'Call back' }],
  ]);
  await page.close();
});

test('an agent who may not supervise sees no live calls', async () => {
  const page = await scene('idle');
  assert.equal(await page.getByTestId('watch').count(), 0);
  await page.close();
});

test('a call that was sent on is taken back by keyboard', async () => {
  const page = await scene('sent_on');
  await page.getByTestId('take-back').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Shift+B');
  assert.deepEqual(await asked(page), [['takeBack'], ['takeBack']], 'by its button, and by its shortcut');
  await page.close();
});
