// The real daemon with its simulated Meta, started once and driven over HTTP.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BINARY = process.env.RINGDOWN_BIN ?? new URL('../../../target/debug/ringdown', import.meta.url).pathname;
/** A debug build on a busy machine takes a few seconds to migrate and bind. */
const START_MS = 60_000;
/** What tests leave behind to be looked at: pictures and the daemon's log. */
export const RESULTS = new URL('../test-results/', import.meta.url).pathname;

/** Everything a test needs to know about the running house. */
export class House {
  /** `name` names the daemon's log among the results. */
  static async start(name) {
    mkdirSync(RESULTS, { recursive: true });
    const log = openSync(join(RESULTS, `daemon-${name}.log`), 'w');
    const folder = await mkdtemp(join(tmpdir(), 'ringdown-browser-'));
    const child = spawn(BINARY, ['demo', '--manual', '--record', 'on-demand', '--folder', folder], {
      stdio: ['ignore', 'pipe', log],
    });
    const house = new House(child, folder);
    try {
      house.facts = await firstLine(child);
    } catch (error) {
      await house.stop();
      throw error;
    }
    return house;
  }

  constructor(child, folder) {
    this.child = child;
    this.folder = folder;
  }

  get desk() {
    return this.facts.desk;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGTERM');
      const killer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(killer);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A fresh one-time code for an agent. */
  async signInCode(agent) {
    const answer = await json(`${this.facts.api}/v1/agents/${agent}/sign-in-code`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.facts.api_key}` },
    });
    return answer.code;
  }

  /** Gives an agent rights. */
  async allow(agent, name, rights) {
    await json(`${this.facts.api}/v1/agents/${agent}`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${this.facts.api_key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, rights }),
    });
  }

  /** What a contact does when the business calls or asks: permits, writes, declines, lets ring. */
  async contact(number, does) {
    await json(`${this.facts.simulator}/sim/users/${number}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ says: 'tone:440', ...does }),
    });
  }

  /** The newest call that the business placed. */
  async placed() {
    const { calls } = await json(`${this.facts.simulator}/sim/calls`);
    const { id } = calls.findLast((call) => call.placed_by_business);
    return new Caller(`${this.facts.simulator}/sim/calls/${id}`);
  }

  /** A customer calls; gives the simulated call. */
  async ring(plan = {}) {
    const { id } = await json(`${this.facts.simulator}/sim/calls`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ says: 'tone:440', name: 'Maria', ...plan }),
    });
    return new Caller(`${this.facts.simulator}/sim/calls/${id}`);
  }
}

/** The customer's phone. */
class Caller {
  constructor(address) {
    this.address = address;
  }

  look() {
    return json(this.address);
  }

  hangUp() {
    return json(`${this.address}/hang_up`, { method: 'POST' });
  }
}

async function json(address, init) {
  const response = await fetch(address, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${address}: ${response.status} ${text}`);
  return JSON.parse(text);
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${BINARY} was not ready in time; its log is in ${RESULTS}`)), START_MS);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${BINARY} ended with ${code} before it was ready; its log is in ${RESULTS}`)));
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(JSON.parse(line));
    });
  });
}
