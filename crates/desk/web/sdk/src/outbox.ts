import { RingdownError } from './errors.js';
import type { ClientCommand, Colleagues, Permit } from './protocol.js';
import { VERSION } from './protocol.js';

/** What a command is answered with, beside `done`. */
export interface Reply {
  colleagues?: Colleagues;
  /** The call that was placed. */
  call?: string;
  permit?: Permit;
}

interface Pending {
  text: string;
  resolve: (reply: Reply) => void;
  reject: (error: RingdownError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Commands that wait for their `done`. People click a few; more means that nobody answers. */
const PENDING_MAX = 64;
/** Longer than the daemon's own limit for a step at Meta, shorter than an agent's patience. */
const COMMAND_TIMEOUT_MS = 15_000;

/** Numbers commands, keeps them until they are answered, and repeats them on a resumed session. */
export class Outbox {
  readonly #write: (text: string) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #open = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Writes a command that nobody waits for, and gives its number. */
  writeNow(command: ClientCommand): number {
    const id = ++this.#lastId;
    this.#write(JSON.stringify({ v: VERSION, id, ...command }));
    return id;
  }

  /** Resolves on `done` or another answer, rejects on `error`, silence, or the end of the session. */
  send(command: ClientCommand): Promise<Reply> {
    if (this.#pending.size >= PENDING_MAX) {
      const hint = 'Wait until the connection is back.';
      return Promise.reject(new RingdownError('too_fast', 'Too many commands wait for an answer.', hint));
    }
    const id = ++this.#lastId;
    const text = JSON.stringify({ v: VERSION, id, ...command });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `The daemon did not answer ${command.type}.`;
        this.fail(id, new RingdownError('timeout', message, 'Check the network and try again.'));
      }, COMMAND_TIMEOUT_MS);
      this.#pending.set(id, { text, resolve, reject, timer });
      if (this.#open) this.#write(text);
    });
  }

  /** The session goes on (or is the first): what waits is written; a repeated number repeats nothing. */
  resume(): void {
    this.#open = true;
    for (const { text } of this.#pending.values()) this.#write(text);
  }

  /** Another session began: what waited was meant for a state that is gone. */
  restart(): void {
    const hint = 'Look at the page again; it shows what is true now.';
    this.failAll(new RingdownError('session_lost', 'The daemon started a new session.', hint));
    this.#open = true;
  }

  /** The socket is gone; what waits is kept for the resumed session. */
  pause(): void {
    this.#open = false;
  }

  done(id: number, reply?: Reply): void {
    this.#take(id)?.resolve(reply ?? {});
  }

  /** Whether somebody waited for this number. */
  fail(id: number, error: RingdownError): boolean {
    const pending = this.#take(id);
    pending?.reject(error);
    return pending !== undefined;
  }

  failAll(error: RingdownError): void {
    for (const id of [...this.#pending.keys()]) this.fail(id, error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }
}
