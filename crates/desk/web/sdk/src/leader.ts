import { Emitter } from './emitter.js';

export interface LeadershipEvents {
  /** Whether this tab leads, whenever that changes, and once when it is first known. */
  change: boolean;
}

/** How one browser chooses the tab that leads. */
export interface Election {
  /** Joins; `became` is called with every change. Gives a function that takes the tab out. */
  join(name: string, became: (leads: boolean) => void): { take(): void; leave(): void };
}

/** Exactly one tab of an agent in a browser leads: that one rings. */
export class Leadership extends Emitter<LeadershipEvents> {
  #leads: boolean | undefined;
  #membership: { take(): void; leave(): void } | undefined;

  /** `undefined` until it is known. */
  get leads(): boolean | undefined {
    return this.#leads;
  }

  /** Takes part from now on, among the tabs that give the same name. */
  join(name: string): void {
    if (this.#membership) return;
    this.#membership = election().join(`ringdown:${name}`, (leads) => {
      if (leads === this.#leads) return;
      this.#leads = leads;
      this.emit('change', leads);
    });
  }

  /** This tab leads from now on; the one that did so does no longer. */
  take(): void {
    if (!this.#leads) this.#membership?.take();
  }

  leave(): void {
    this.#membership?.leave();
    this.#membership = undefined;
    this.#leads = undefined;
  }
}

function election(): Election {
  if (globalThis.navigator?.locks) return byLock;
  return typeof BroadcastChannel === 'undefined' ? alone : byTalk;
}

/** A page that can ask nobody leads itself. */
const alone: Election = {
  join(_name, became) {
    became(true);
    return { take: () => undefined, leave: () => undefined };
  },
};

/** Who holds the lock leads; the browser hands it on in the moment a tab is gone. */
const byLock: Election = {
  join(name, became) {
    let waiting = new AbortController();
    let release = (): void => undefined;
    let isIn = true;
    const hold = (): Promise<void> => {
      if (!isIn) return Promise.resolve();
      became(true);
      return new Promise((resolve) => (release = resolve));
    };
    /** Names the request that counts: what becomes of an earlier one, stolen by this very tab
     *  perhaps, means nothing any more. */
    let latest = 0;
    /** Stolen, or given up before its turn; a stolen tab stands in line again. */
    const ask = (options: LockOptions): void => {
      const mine = ++latest;
      const granted = (lock: Lock | null): Promise<void> | undefined => {
        if (mine !== latest) return undefined;
        if (lock) return hold();
        if (isIn) {
          became(false);
          queue();
        }
        return undefined;
      };
      navigator.locks.request(name, options, granted).catch(() => {
        if (!isIn || options.signal?.aborted || mine !== latest) return;
        became(false);
        queue();
      });
    };
    const queue = (): void => {
      waiting = new AbortController();
      ask({ signal: waiting.signal });
    };
    ask({ ifAvailable: true });
    return {
      take() {
        waiting.abort();
        ask({ steal: true });
      },
      leave() {
        isIn = false;
        waiting.abort();
        release();
      },
    };
  },
};

/** A leader says so this often; one that is silent for three times as long is gone. */
const SAY_MS = 1_000;
/** Tabs answer within milliseconds, unless they are frozen: those cannot ring. */
const ANSWER_MS = 200;

/** For browsers without locks: tabs tell each other who leads; of two, the earlier goes on. */
const byTalk: Election = {
  join(name, became) {
    const id = `${Date.now()} ${Math.random()}`;
    const channel = new BroadcastChannel(name);
    let leads = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const say = (word: 'who' | 'mine' | 'taken' | 'free'): void => channel.postMessage({ word, id });
    const to = (lead: boolean, silence = 3 * SAY_MS): void => {
      leads = lead;
      clearTimeout(timer);
      timer = lead ? setInterval(() => say('mine'), SAY_MS) : setTimeout(begin, silence);
      became(lead);
    };
    const begin = (): void => {
      to(true);
      say('mine');
    };
    channel.onmessage = ({ data }: MessageEvent<{ word: string; id: string }>) => {
      if (data.word === 'taken') to(false);
      else if (data.word === 'free') {
        // Several may want it: the one whose turn comes first says so before the others.
        if (!leads) to(false, Math.random() * ANSWER_MS);
      } else if (leads && (data.word === 'who' || id < data.id)) say('mine');
      else if (data.word === 'mine') to(false);
    };
    const leave = (): void => {
      clearTimeout(timer);
      if (leads) say('free');
      channel.close();
      globalThis.removeEventListener?.('pagehide', leave);
    };
    globalThis.addEventListener?.('pagehide', leave);
    timer = setTimeout(begin, ANSWER_MS);
    say('who');
    return {
      take() {
        to(true);
        say('taken');
      },
      leave,
    };
  },
};
