// What agents and supervisors do with a live call, at the desk, with a real daemon and real sound.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { goReady, launch, leave, openContext, readyPage, signIn, until } from './support/browser.mjs';
import { House } from './support/house.mjs';

/** What the second agent's microphone plays. */
const BEN_HZ = 1300;

let house;
let anas;
let bens;
let opened = [];

before(async () => {
  [house, anas, bens] = await Promise.all([House.start('live'), launch(), launch({ microphoneHz: BEN_HZ })]);
});
after(async () => {
  await Promise.all([anas?.close(), bens?.close()]);
  await house?.stop();
});
afterEach(async () => {
  const contexts = opened;
  opened = [];
  for (const { context } of contexts) {
    for (const page of context.pages()) await leave(page);
    await context.close();
  }
});

async function context(browser) {
  const one = await openContext(browser);
  opened.push(one);
  return one.context;
}

const hears = (caller, hz) => async () => {
  const { heard } = await caller.look();
  return heard.packets > 0 && heard.tones[hz] > -45;
};
const hearsNot = (caller, hz) => async () => (await caller.look()).heard.tones[hz] < -60;

async function answered(page, plan = {}) {
  const caller = await house.ring(plan);
  await page.getByTestId('list-accept').click();
  await page.getByTestId('timer').waitFor();
  await until('the caller hears the agent', hears(caller, 880));
  return caller;
}

test('d2_ a page reloaded in a call has it back, and the caller hears the agent again', async () => {
  const page = await readyPage(house, await context(anas), 'ana');
  const caller = await answered(page);
  await page.reload();
  const ready = Date.now();
  await page.getByTestId('call-card').waitFor();
  await until('the caller hears the agent again', hears(caller, 880));
  assert.ok(Date.now() - ready < 10_000, 'on a slow machine too');
  assert.ok(!(await caller.look()).ended, 'the customer was kept');
  await page.getByTestId('hang-up').click();
  await until('the call ends at Meta', async () => (await caller.look()).ended);
});

test('hold and resume, and a blind transfer by keyboard to an agent who takes it', async () => {
  const ana = await readyPage(house, await context(anas), 'ana');
  const caller = await answered(ana);
  await ana.getByTestId('hold').click();
  await ana.getByTestId('held').waitFor();
  await until('a held caller does not hear the agent', hearsNot(caller, 880));
  await ana.getByTestId('hold').click();
  await until('the caller hears the agent again', hears(caller, 880));

  const ben = await readyPage(house, await context(bens), 'ben');
  await ana.getByTestId('transfer').focus();
  await ana.keyboard.press('Enter');
  await ana.getByTestId('transfer-target').filter({ hasText: 'Ben' }).click();
  await ana.getByTestId('transfer-blind').click();
  await ana.getByTestId('call-card').waitFor({ state: 'detached' });
  await ben.getByTestId('transferred-by').waitFor();
  await ben.getByTestId('list-accept').click();
  await ben.getByTestId('timer').waitFor();
  await until('the caller hears the other agent', hears(caller, BEN_HZ));
  await caller.hangUp();
  await ben.getByTestId('call-card').waitFor({ state: 'detached' });
});

test('a supervisor sees the call, whispers without the caller hearing it, and takes it over', async () => {
  const ana = await readyPage(house, await context(anas), 'ana');
  const caller = await answered(ana);
  await house.allow('ben', 'Ben', ['answer', 'supervise']);
  const ben = await signIn(house, await context(bens), 'ben');
  await goReady(ben);
  const row = ben.getByTestId('live-call');
  await row.getByRole('button', { expanded: false }).click();
  await row.getByTestId('live-whisper').click();
  await ben.getByTestId('supervising').waitFor();
  await ana.getByTestId('call-card').getByText(/Ben/).first().waitFor();
  await until('the caller hears the agent', hears(caller, 880));
  assert.ok(await hearsNot(caller, BEN_HZ)(), 'a whisper is for the agent alone');
  await row.getByTestId('live-take-over').click();
  await ben.getByTestId('call-card').waitFor();
  await ana.getByTestId('call-card').waitFor({ state: 'detached' });
  await until('the caller hears the supervisor', hears(caller, BEN_HZ));
  await ben.getByTestId('hang-up').click();
  await until('the call ends at Meta', async () => (await caller.look()).ended);
});
