// Chromium with a microphone that plays a tone, and an agent's page in it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { writeTone } from './tone.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
];
/** Generous: a debug daemon and a browser share two cores with other work. */
export const PATIENCE_MS = 20_000;

/** A browser with a fresh profile. `permit: false` refuses the microphone as an agent would. */
export async function launch({ microphoneHz = 880, permit = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ringdown-microphone-'));
  const file = join(folder, 'microphone.wav');
  writeTone(file, microphoneHz);
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      ...FLAGS,
      `--use-file-for-fake-audio-capture=${file}`,
      ...(permit ? ['--use-fake-ui-for-media-stream'] : []),
    ],
  });
  browser.on('disconnected', () => void rm(folder, { recursive: true, force: true }));
  return browser;
}

/** A browser context of one agent. Faults of the page fail the test through `check()`. */
export async function openContext(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  context.on('weberror', (fault) => faults.push(String(fault.error())));
  context.on('console', (message) => {
    if (message.type() === 'error' && /security policy|refused to/i.test(message.text())) {
      faults.push(message.text());
    }
  });
  return { context, faults };
}

/** Opens the desk by sign-in link. */
export async function signIn(house, context, agent) {
  const page = await context.newPage();
  await page.goto(`${house.desk}#code=${await house.signInCode(agent)}`);
  await page.getByTestId('connection').filter({ hasText: 'Connected' }).waitFor();
  return page;
}

/** Signs in and takes calls. */
export async function readyPage(house, context, agent) {
  const page = await signIn(house, context, agent);
  await goReady(page);
  return page;
}

export async function goReady(page) {
  await page.getByTestId('go-ready').click();
  await page.getByTestId('media').filter({ hasText: 'Calls ring here' }).waitFor();
}

/** Takes the agent out of the roster: a page that is only closed counts as present for a while. */
export async function leave(page) {
  if (await page.getByTestId('go-away').isVisible()) {
    await page.getByTestId('go-away').click();
    await page.getByTestId('go-ready').waitFor();
  }
}

/** Looks again until `look` gives something true. */
export async function until(what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
