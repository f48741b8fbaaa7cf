// The card of a running call says how it sounds in words, and only what the daemon says now.
import { describe, expect, it } from 'vitest';
import { Call } from '../sdk/src/call.js';
import type { CallPort } from '../sdk/src/call.js';
import type { ActiveCall } from '../sdk/src/protocol.js';
import { CALL, active } from '../sdk/test/fakes.js';
import { isStringKey } from '../src/strings.js';
import { callView } from '../src/views.js';

const nobody: CallPort = {
  send: () => Promise.resolve(),
  attach: () => Promise.resolve(),
  detach: () => Promise.resolve(),
  mute: () => undefined,
};
const running = active({ bridged_at: '2026-03-01T10:00:06.000Z' }) as ActiveCall;

describe('the view of a running call', () => {
  it('has no quality, hint or keys before there are any', () => {
    const view = callView(new Call(nobody, running));
    expect(view).not.toHaveProperty('quality');
    expect(view).not.toHaveProperty('hint');
    expect(view.keys).toBe('');
  });

  it('follows the daemon', () => {
    const call = new Call(nobody, running);
    const quality = { verdict: 'fair', network: 'caller' } as const;
    call.apply({ type: 'call_update', active: { ...running, hint: 'no_sound', quality } });
    call.apply({ type: 'key', call: CALL, key: '4' });
    expect(callView(call)).toMatchObject({ hint: 'no_sound', quality, keys: '4' });
    call.apply({ type: 'call_open', active: running });
    expect(callView(call)).not.toHaveProperty('hint');
  });

  it('knows when the paid time ends, and forgets it when somebody tops up', () => {
    const call = new Call(nobody, running);
    call.apply({ type: 'call_update', active: { ...running, credit_ends_at: '2026-03-01T10:01:00.000Z' } });
    expect(callView(call).creditEndsAt).toBe(Date.UTC(2026, 2, 1, 10, 1));
    call.apply({ type: 'call_update', active: running });
    expect(callView(call)).not.toHaveProperty('creditEndsAt');
  });

  it('has a word for everything the daemon may say', () => {
    for (const word of ['good', 'fair', 'poor', 'caller', 'agent']) expect(isStringKey(`sound.${word}`), word).toBe(true);
    for (const hint of ['caller_silent', 'muted', 'no_sound', 'no_path']) expect(isStringKey(`hint.${hint}`), hint).toBe(true);
  });
});
