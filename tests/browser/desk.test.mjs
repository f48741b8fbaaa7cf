// An agent works at the desk in a real browser, with a real daemon and a simulated customer.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS, goReady, launch, leave, openContext, readyPage, signIn, until } from './support/browser.mjs';
import { House } from './support/house.mjs';
import { focused } from './support/look.mjs';
import { tonesPlayed } from './support/tone.mjs';

/** A tone counts as heard when it stands this far above a frequency nobody plays, in dB. */
const CLEARLY = 20;
/** Nobody plays this one, and no harmonic of 440 or 880 falls on it. */
const NOBODY = 610;

let house;
let browser;
let opened = [];

before(async () => {
  [house, browser] = await Promise.all([House.start('desk'), launch()]);
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

async function context(options) {
  const one = await openContext(browser, options);
  opened.push(one);
  return one.context;
}

const hears = async (caller, hz) => {
  const { heard } = await caller.look();
  return heard.packets > 0 && heard.tones[hz] > -45;
};
const noLongerHears = async (caller, hz) => (await caller.look()).heard.tones[hz] < -60;
const ended = (caller) => until('the call ends at Meta', async () => (await caller.look()).ended);

test('a call is accepted by button, both sides hear each other, mute and hang-up work', async () => {
  const page = await readyPage(house, await context(), 'ana');
  assert.equal(new URL(page.url()).hash, '', 'the code is taken out of the address');
  const caller = await house.ring();

  await page.getByTestId('incoming-call').getByText('Maria').waitFor();
  await page.getByTestId('ring-card').getByTestId('card-name').getByText('Maria').waitFor();
  await until('the title says who calls', async () => (await page.title()).includes('Maria'));
  assert.equal((await caller.look()).heard.packets, 0, 'nothing is sent to the caller while it rings');

  await page.getByTestId('card-accept').click();
  await page.getByTestId('timer').waitFor();
  await page.getByTestId('presence').filter({ hasText: 'On a call' }).waitFor();
  await until('the caller hears the agent', () => hears(caller, 880));
  const { heard } = await caller.look();
  assert.ok(heard.tones[880] > heard.tones[440] + CLEARLY, `the caller hears no echo: ${JSON.stringify(heard)}`);

  const played = await until('the agent hears the caller', async () => {
    const levels = await tonesPlayed(page, [440, 880, NOBODY]);
    return levels && levels[440] > levels[NOBODY] + CLEARLY && levels[440] > -45 ? levels : null;
  });
  assert.ok(played[440] > played[880] + CLEARLY, `the agent does not hear themselves: ${JSON.stringify(played)}`);

  const mute = page.getByTestId('mute');
  await mute.click();
  assert.equal(await mute.getAttribute('aria-pressed'), 'true');
  await until('the muted agent is not heard', () => noLongerHears(caller, 880));
  await mute.click();
  await until('the agent is heard again', () => hears(caller, 880));

  await until('the timer counts', async () => /^0:0[2-9]|0:[1-5]/.test(await page.getByTestId('timer').innerText()));
  await page.getByTestId('quality').filter({ hasText: /Sound: (good|fair|poor)/ }).waitFor();
  await page.getByTestId('hang-up').click();
  await ended(caller);
  await page.getByTestId('call-card').waitFor({ state: 'detached' });
  await page.getByTestId('presence').filter({ hasText: /^Ready$/ }).waitFor();
  await page.getByTestId('notices').getByText('The call with Maria ended').waitFor();
  assert.deepEqual((await caller.look()).violations, []);
});

test('the record button records, pauses and stops', async () => {
  const page = await readyPage(house, await context(), 'ana');
  const caller = await house.ring();
  await page.getByTestId('list-accept').click();
  await page.getByTestId('record-start').click();
  await page.getByTestId('recording-on').waitFor();
  await page.getByTestId('record-pause').click();
  await page.getByTestId('recording-paused').waitFor();
  await page.getByTestId('record-resume').click();
  await page.getByTestId('recording-on').waitFor();
  await page.getByTestId('record-stop').click();
  await page.getByTestId('record-start').waitFor();
  await caller.hangUp();
  await page.getByTestId('call-card').waitFor({ state: 'detached' });
});

test('a second browser and another agent see who answered', async () => {
  const ana = await readyPage(house, await context(), 'ana');
  const second = await readyPage(house, await context(), 'ana');
  const ben = await readyPage(house, await context(), 'ben');
  const caller = await house.ring({ name: 'Noor' });
  for (const page of [ana, second, ben]) await page.getByTestId('ring-card').getByText('Noor').waitFor();

  await ana.getByTestId('list-accept').click();
  await ana.getByTestId('timer').waitFor();
  await ben.getByTestId('notices').getByText('Answered elsewhere: Ana took the call from Noor.').waitFor();
  await second.getByTestId('notices').getByText('You took the call from Noor in another window.').waitFor();
  for (const page of [second, ben]) assert.equal(await page.getByTestId('ring-card').count(), 0);
  await until('the caller hears the winner', () => hears(caller, 880));

  const next = await house.ring({ name: 'Deniz', phone: '15550003333' });
  await ana.getByTestId('not-claimable').getByText('On another call').waitFor();
  assert.ok(await ana.getByTestId('list-accept').isDisabled());
  await ben.getByTestId('ring-card').getByText('Deniz').waitFor();
  await caller.hangUp();
  await ana.getByTestId('call-card').waitFor({ state: 'detached' });
  await until('ana may take the next call', async () => ana.getByTestId('list-accept').isEnabled());
  await next.hangUp();
  await ana.getByTestId('missed').getByText(/Gave up after \d+ s/).first().waitFor();
});

test('a declined call ends and is listed as missed', async () => {
  const page = await readyPage(house, await context(), 'ana');
  const caller = await house.ring({ name: 'Fatima' });
  await page.getByTestId('ring-card').getByText('Fatima').waitFor();
  await page.getByTestId('card-decline').click();
  await page.getByTestId('ring-card').waitFor({ state: 'detached' });
  const row = page.getByTestId('missed').getByRole('listitem').filter({ hasText: 'Fatima' });
  await row.getByText('Declined by everyone').waitFor();
  await ended(caller);
});

test('a call can be taken and ended with the keyboard alone, and ringing takes no focus', async () => {
  const page = await (await context()).newPage();
  await page.goto(house.desk);
  await page.getByTestId('code').waitFor();
  await tabTo(page, 'code');
  await page.keyboard.type(await house.signInCode('ana'));
  await page.keyboard.press('Enter');
  await page.getByTestId('go-ready').waitFor();
  await tabTo(page, 'go-ready');
  await page.keyboard.press('Enter');
  await page.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();

  await tabTo(page, 'sign-out');
  const first = await house.ring();
  await page.getByTestId('ring-card').waitFor();
  assert.equal(await focused(page), 'sign-out', 'the focus stays where the agent works');
  assert.match(await page.getByTestId('announcement').textContent(), /Incoming call from Maria/);
  await tabTo(page, 'card-accept');
  await page.keyboard.press('Enter');
  await page.getByTestId('timer').waitFor();
  await page.keyboard.press('Control+Shift+M');
  await page.getByText('You are muted').waitFor();
  await page.keyboard.press('Control+Shift+H');
  await page.getByTestId('call-card').waitFor({ state: 'detached' });
  await ended(first);

  const second = await house.ring();
  await page.getByTestId('ring-card').waitFor();
  await page.keyboard.press('Control+Shift+A');
  await page.getByTestId('timer').waitFor();
  await second.hangUp();
  await page.getByTestId('call-card').waitFor({ state: 'detached' });

  const third = await house.ring();
  await page.getByTestId('ring-card').waitFor();
  await page.keyboard.press('Control+Shift+D');
  await page.getByTestId('ring-card').waitFor({ state: 'detached' });
  await ended(third);
});

test('a lost socket is resumed while the call goes on', async () => {
  const page = await (await context()).newPage();
  const sockets = [];
  await page.routeWebSocket(/\/agent\/v1$/, (socket) => {
    const daemon = socket.connectToServer();
    sockets.push({ socket, daemon });
  });
  await page.goto(`${house.desk}#code=${await house.signInCode('ana')}`);
  await goReady(page);
  const caller = await house.ring();
  await page.getByTestId('card-accept').click();
  await until('the caller hears the agent', () => hears(caller, 880));

  const [{ socket, daemon }] = sockets;
  await daemon.close();
  await socket.close();
  await page.getByText('Reconnecting… the call goes on').waitFor();
  await page.getByTestId('connection').filter({ hasText: 'Connected' }).waitFor();
  assert.equal(sockets.length, 2);
  await page.getByTestId('call-state').filter({ hasText: 'On a call' }).waitFor();
  assert.ok(await hears(caller, 880), 'the sound went on');
  await page.getByTestId('mute').click();
  await until('commands work again', () => noLongerHears(caller, 880));
  await caller.hangUp();
  await page.getByTestId('call-card').waitFor({ state: 'detached' });
});

test('a refused microphone leaves the agent not ready, with advice', async () => {
  const strict = await launch({ permit: false });
  try {
    const one = await openContext(strict);
    const page = await signIn(house, one.context, 'ben');
    await page.getByTestId('go-ready').click();
    await page.getByTestId('problem').getByText('padlock').waitFor();
    await page.getByTestId('go-ready').waitFor();
    await page.getByTestId('presence').filter({ hasText: 'Not ready' }).waitFor();
    assert.deepEqual(one.faults, []);
  } finally {
    await strict.close();
  }
});

async function tabTo(page, testId) {
  const end = Date.now() + PATIENCE_MS;
  while ((await focused(page)) !== testId) {
    assert.ok(Date.now() < end, `${testId} cannot be reached with the Tab key`);
    await page.keyboard.press('Tab');
  }
}
