// Every state of the desk is accessible, fits a small screen, and can be looked at afterwards.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { goReady, launch, leave, openContext, signIn } from './support/browser.mjs';
import { House, RESULTS } from './support/house.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = [
  { width: 320, height: 640 },
  { width: 1280, height: 800 },
];

let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.start('pages'), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

/** Checks and photographs the page in every size and colour scheme. */
async function inspect(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    for (const size of SIZES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(size);
      const where = `${name}, ${size.width} px, ${colorScheme}`;
      await page.screenshot({
        path: join(RESULTS, `${name}-${size.width}-${colorScheme}.png`),
        fullPage: true,
      });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${where}: ${beyond} px are beyond the edge`);
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
      assert.ok(passes.length > 5, `${where}: axe found nothing to check`);
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
      assert.deepEqual(found, [], where);
    }
  }
}

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
