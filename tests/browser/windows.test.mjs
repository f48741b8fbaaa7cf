// An agent's windows: one rings, the next takes over, and a reloaded one has its call back. No daemon is needed.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch, openContext, until } from './support/browser.mjs';
import { servePages } from './support/pages.mjs';
import { Script, active, ringing } from './support/script.mjs';
import { tonesPlayed } from './support/tone.mjs';

/** From the page being loaded to the caller being heard. */
const BACK_MS = 3_000;

let pages;
let browser;
let opened = [];

before(async () => {
  [pages, browser] = await Promise.all([servePages(), launch()]);
});
after(async () => {
  await browser?.close();
  await pages?.stop();
});
afterEach(async () => {
  const contexts = opened;
  opened = [];
  for (const { context } of contexts) await context.close();
  assert.deepEqual(contexts.flatMap(({ faults }) => faults), [], 'no page reports a fault');
});

async function scripted() {
  const one = await openContext(browser, { permissions: ['microphone'] });
  opened.push(one);
  const script = await Script.for(one.context, pages.address);
  return { script, context: one.context };
}

async function openDesk(context) {
  const page = await context.newPage();
  await page.goto(pages.address);
  await page.getByTestId('connection').filter({ hasText: 'Connected' }).waitFor();
  return page;
}

async function readyDesk(context) {
  const page = await openDesk(context);
  await page.getByTestId('go-ready').click();
  await page.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();
  return page;
}

const told = (served, wanted) =>
  until(`the daemon is told ${JSON.stringify(wanted)}`, () => {
    const frame = served.frame('readiness');
    return frame && Object.entries(wanted).every(([name, value]) => frame[name] === value);
  });

test('the daemon is told what a window can do, before and after the click', async () => {
  const { script, context } = await scripted();
  const page = await openDesk(context);
  await told(script.last, { leader: true, microphone: true });
  await page.getByTestId('go-ready').click();
  await told(script.last, { leader: true, microphone: true, audio: true });
  await page.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();
});

test('a second window does not ring, says so, and takes over when the first is closed', async () => {
  const { script, context } = await scripted();
  const first = await readyDesk(context);
  const second = await openDesk(context);
  const served = script.last;
  await told(served, { leader: false });
  await second.getByTestId('other-tab').waitFor();
  await first.close();
  await told(served, { leader: true });
  await until('it goes ready by itself', () => served.frame('go_ready'));
  await told(served, { audio: true });
  await second.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();
});

test('the agent moves to the other window with one click', async () => {
  const { script, context } = await scripted();
  const first = await readyDesk(context);
  const before = script.last;
  const second = await openDesk(context);
  await second.getByTestId('use-tab').click();
  await second.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();
  await told(before, { leader: false });
  await until('the first gives its sound back', () => before.frame('go_away'));
  await first.getByTestId('other-tab').waitFor();
});

test('d2_a_reloaded_page_hears_the_caller_again_within_three_seconds', async () => {
  const { script, context } = await scripted();
  const page = await readyDesk(context);
  script.last.say({ type: 'ring', ringing: ringing() });
  script.answers.claim = (served, { id }) => {
    served.say({ type: 'done', to: id }, 0);
    served.say({ type: 'claim_won', active: active(), lease_ms: 8_000 });
    served.say({ type: 'call_open', active: active() });
  };
  await page.getByTestId('card-accept').click();
  await page.getByTestId('timer').waitFor();
  script.snapshot = { presence: 'busy', active: active({ reconnecting: true }) };
  script.onUp = (served) => served.say({ type: 'call_open', active: active() });
  page.on('dialog', (dialog) => dialog.accept());
  const before = script.last;
  await page.reload();
  const loaded = Date.now();
  // Seen from outside: looking into a page counts as a click there, and none must be needed.
  await until('the page connects again', () => script.last !== before);
  await until('it goes ready', () => script.last.frame('go_ready'));
  await told(script.last, { leader: true, microphone: true, audio: true });
  await page.getByTestId('call-state').filter({ hasText: 'On a call' }).waitFor();
  await until('the caller is heard', async () => page.evaluate(() => {
    const audio = document.querySelector('audio[data-ringdown=caller]');
    return audio !== null && !audio.paused && audio.currentTime > 0;
  }));
  assert.ok(Date.now() - loaded <= BACK_MS, `it took ${Date.now() - loaded} ms`);
  const levels = await tonesPlayed(page, [880, 610]);
  assert.ok(levels[880] > levels[610] + 20, JSON.stringify(levels));
});

test('a call that runs elsewhere is offered with one button, and comes with it', async () => {
  const { script, context } = await scripted();
  script.snapshot = { presence: 'busy', active: active() };
  const page = await openDesk(context);
  await page.getByTestId('return-call').waitFor();
  assert.equal(script.last.frame('go_ready'), undefined, 'another browser may be talking');
  script.onUp = (served) => served.say({ type: 'call_open', active: active() });
  await page.getByTestId('return-call').click();
  await page.getByTestId('timer').waitFor();
});

test('the sound is renewed without a gap that the agent would see', async () => {
  const { script, context } = await scripted();
  const page = await readyDesk(context);
  script.last.say({ type: 'ring', ringing: ringing() });
  await page.getByTestId('ring-card').waitFor();
  script.last.say({ type: 'ring_end', call: ringing().call, why: 'caller_hung_up' });
  const legs = () => script.bridge.evaluate(() => globalThis.legs.length);
  script.last.say({ type: 'renew_media' });
  await until('there is another leg', async () => (await legs()) === 2);
  await until('and it is heard', async () => {
    const levels = await tonesPlayed(page, [880, 610]);
    return levels && levels[880] > levels[610] + 20;
  });
  await page.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();
});
