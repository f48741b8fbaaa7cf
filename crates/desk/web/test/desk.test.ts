// What the page says is true in every language: exact money, server time, the right reasons.
import { describe, expect, it } from 'vitest';
import { duration, hue, initials, moment, money, phone } from '../src/format.js';
import { shortcutOf, shortcuts } from '../src/shortcuts.js';
import { takeCode } from '../src/sign-in-api.js';
import type { DeskActions, DeskState, RingingView } from '../src/state.js';
import { acceptable, emptyState, shownRinging } from '../src/state.js';
import { chooseLanguage, languages } from '../src/strings.js';

describe('strings', () => {
  const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  const english = languages['en'] as Record<string, string>;

  it.each(Object.keys(languages))('%s has every text with the same placeholders', (language) => {
    const texts = languages[language] as Record<string, string>;
    expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(texts)) {
      expect(text.trim(), key).not.toBe('');
      expect(placeholders(text), key).toEqual(placeholders(english[key] ?? ''));
    }
  });

  it('follows the browser and falls back to English', () => {
    expect(chooseLanguage(['fr-FR', 'de-AT'])).toBe('de');
    expect(chooseLanguage(['ja'])).toBe('en');
    expect(chooseLanguage([])).toBe('en');
  });
});

describe('formats', () => {
  it('shows money exactly and never rounds it up', () => {
    expect(money('9.98', 'USD', 'en-US')).toBe('$9.98');
    expect(money('9.99', 'USD', 'de-DE')).toBe('9,99\u00a0$');
    expect(money('-0.01', 'USD', 'en-US')).toBe('-$0.01');
    expect(money('9007199254740993.01', 'USD', 'en-US')).toBe('$9,007,199,254,740,993.01');
    expect(money('10.50', 'JPY', 'en-US')).toBe('¥10.50');
    expect(money('1.00', 'nonsense', 'en-US')).toBe('1.00 nonsense');
  });

  it('counts seconds down to nothing and up past an hour', () => {
    expect(duration(-5)).toBe('0:00');
    expect(duration(59_999)).toBe('0:59');
    expect(duration(3_723_000)).toBe('1:02:03');
  });

  it('names the day only when it is another one', () => {
    const now = new Date(2026, 2, 2, 12, 0).getTime();
    expect(moment(new Date(2026, 2, 2, 9, 5).toISOString(), now, 'en-GB')).toBe('9:05');
    expect(moment(new Date(2026, 2, 1, 9, 5).toISOString(), now, 'en-GB')).toContain('1 Mar');
  });

  it('draws a contact from any name', () => {
    expect(initials('Maria da Conceição')).toBe('MC');
    expect(initials('李娜')).toBe('李');
    expect(initials('+15550102345')).toBe('#');
    expect(hue('Maria')).toBe(hue('Maria'));
    expect(phone('5511999')).toBe('+5511999');
  });
});

describe('the sign-in code', () => {
  it('is taken out of the address at once', () => {
    const replaced: unknown[] = [];
    const history = { replaceState: (...values: unknown[]) => replaced.push(values[2]) };
    const location = { hash: '#code=abc-123', pathname: '/desk/', search: '' };
    expect(takeCode(location as Location, history as unknown as History)).toBe('abc-123');
    expect(replaced).toEqual(['/desk/']);
    const without = { hash: '#other', pathname: '/desk/', search: '' };
    expect(takeCode(without as Location, history as unknown as History)).toBeUndefined();
    expect(replaced).toHaveLength(1);
  });
});

const ringing = (id: string, claimable = true): RingingView => ({
  id,
  name: id,
  lineName: 'Support',
  rangAt: 0,
  claimable,
});
const talking: NonNullable<DeskState['call']> = {
  id: 'talk',
  name: 'Li',
  lineName: 'Support',
  open: true,
  muted: true,
  recordingMode: 'off',
  recording: 'off',
  keys: '',
};

describe('the shown call', () => {
  it('is the oldest that rings, or the chosen one', () => {
    const state = { ...emptyState, ringing: [ringing('a'), ringing('b')] };
    expect(shownRinging(state)?.id).toBe('a');
    expect(shownRinging({ ...state, selected: 'b' })?.id).toBe('b');
    expect(shownRinging({ ...state, selected: 'gone' })?.id).toBe('a');
  });

  it('leaves the card to a running call unless the agent chose a ringing one', () => {
    const state = { ...emptyState, call: talking, ringing: [ringing('a', false)] };
    expect(shownRinging(state)).toBeUndefined();
    expect(shownRinging({ ...state, selected: 'a' })?.id).toBe('a');
    expect(acceptable({ ...state, selected: 'a' })).toBeUndefined();
  });
});

describe('shortcuts', () => {
  const press = (key: string, extra: object = {}): KeyboardEvent =>
    ({ key, ctrlKey: true, shiftKey: true, altKey: false, metaKey: false, repeat: false, ...extra }) as KeyboardEvent;
  const done: string[] = [];
  const actions = {
    accept: (id: string) => done.push(`accept ${id}`),
    decline: (id: string) => done.push(`decline ${id}`),
    mute: (on: boolean) => done.push(`mute ${on}`),
    hangUp: () => done.push('hang up'),
    hold: (on: boolean) => done.push(`hold ${on}`),
    askTransfer: (open: boolean) => done.push(`transfer ${open}`),
  } as unknown as DeskActions;
  const run = (state: DeskState): string[] => {
    done.length = 0;
    for (const { key } of shortcuts) shortcutOf(press(key))?.run(state, actions);
    return done;
  };

  it('act on what the page shows', () => {
    expect(run({ ...emptyState, ringing: [ringing('a')] })).toEqual(['accept a', 'decline a']);
    expect(run({ ...emptyState, call: talking })).toEqual(['mute false', 'hang up', 'hold true', 'transfer true']);
    const consulted = { ...talking, consultedBy: 'Ana', mutedBySupervisor: true };
    expect(run({ ...emptyState, call: consulted })).toEqual(['hang up']);
    expect(run(emptyState)).toEqual([]);
    expect(run({ ...emptyState, ringing: [ringing('a', false)] })).toEqual(['decline a']);
  });

  it('need both modifiers and ignore a held key', () => {
    expect(shortcutOf(press('a'))?.key).toBe('A');
    expect(shortcutOf(press('A', { ctrlKey: false }))).toBeUndefined();
    expect(shortcutOf(press('A', { repeat: true }))).toBeUndefined();
    expect(shortcutOf(press('y'))).toBeUndefined();
  });
});
