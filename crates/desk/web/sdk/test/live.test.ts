// Everything an agent does with a live call: hold, send it on, consult, and write it down.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CALL, fakeBrowser, microphone, open, registered, ringing, talking } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('hold', () => {
  it('is asked for, and true when the daemon says so', async () => {
    const { socket, call, nextSeq } = await talking();
    void call.hold(true);
    expect(socket.frame('hold')).toMatchObject({ call: CALL, on: true });
    expect(call.held).toBe(false);
    socket.receive(nextSeq, { type: 'call_update', active: open({ held: true }) });
    expect(call.held).toBe(true);
    void call.hold(false);
    expect(socket.frame('hold').on).toBe(false);
  });
});

describe('transfer', () => {
  it('asks who is there and takes the answer for the reply', async () => {
    const { device, socket } = await talking();
    const asked = device.colleagues();
    const agents = [{ agent: 'ben', name: 'Ben', presence: 'ready' }];
    const groups = [{ group: 'sales', name: 'Sales', ready: 2 }];
    socket.receive(0, { type: 'colleagues', to: socket.frame('list_colleagues').id, agents, groups });
    expect(await asked).toEqual({ agents, groups });
  });

  it('goes through consulting to the end, and the call is left with who has it', async () => {
    const { device, socket, call, nextSeq } = await talking();
    void call.transferTo({ kind: 'agent', id: 'ben' }, 'warm');
    expect(socket.frame('transfer')).toMatchObject({ call: CALL, to: { kind: 'agent', id: 'ben' }, mode: 'warm' });
    const transfer = { name: 'Ben', mode: 'warm', consulting: true };
    socket.receive(nextSeq, { type: 'call_update', active: open({ held: true, transfer }) });
    expect(call.transfer).toEqual(transfer);
    void call.completeTransfer();
    expect(socket.count('complete_transfer')).toBe(1);
    socket.receive(nextSeq + 1, { type: 'call_left', call: CALL, why: 'transferred', now_with: 'Ben', talked_ms: 9_000 });
    expect(call.closeReason).toEqual({ code: 'left', left: 'transferred', nowWith: 'Ben', talkedMs: 9_000 });
    expect(device.call).toBeUndefined();
    expect(device.media).toBe('up');
  });

  it('can be taken back', async () => {
    const { socket, call, nextSeq } = await talking();
    socket.receive(nextSeq, { type: 'call_update', active: open({ transfer: { name: 'Sales', mode: 'blind', consulting: false } }) });
    void call.cancelTransfer();
    expect(socket.frame('cancel_transfer').call).toBe(CALL);
    socket.receive(nextSeq + 1, { type: 'call_update', active: open() });
    expect(call.transfer).toBeUndefined();
  });

  it('says at the other end who sends the call, and whether it comes back', async () => {
    const transfer = { agent: 'ana', name: 'Ana', mode: 'warm', returned: false };
    const { device } = await registered({ ringing: [{ ...(ringing() as object), group: 'sales', queue_position: 2, transfer }] });
    const [call] = device.ringing;
    expect(call?.transferredBy).toEqual(transfer);
    expect([call?.group, call?.queuePosition]).toEqual(['sales', 2]);
  });

  it('is no act of a call that does not run', async () => {
    const { device } = await registered({ ringing: [ringing()] });
    const [call] = device.ringing;
    await expect(call?.transferTo({ kind: 'group', id: 'sales' }, 'blind')).rejects.toMatchObject({ code: 'wrong_state' });
    await expect(call?.hold(true)).rejects.toMatchObject({ code: 'wrong_state' });
  });
});

describe('mute', () => {
  it('by a supervisor silences here too, and only a supervisor ends it', async () => {
    const { socket, call, nextSeq } = await talking();
    socket.receive(nextSeq, { type: 'call_update', active: open({ muted: true, muted_by_supervisor: true }) });
    expect(microphone.track.enabled).toBe(false);
    await expect(call.mute(false)).rejects.toMatchObject({ code: 'wrong_state' });
    socket.receive(nextSeq + 1, { type: 'call_update', active: open() });
    expect(microphone.track.enabled).toBe(true);
  });

  it('is not undone by what the daemon said before it heard of it', async () => {
    const { socket, call, nextSeq } = await talking();
    void call.mute(true);
    socket.receive(nextSeq, { type: 'call_update', active: open({ quality: { verdict: 'good' } }) });
    expect(call.muted).toBe(true);
    expect(microphone.track.enabled).toBe(false);
    socket.receive(nextSeq + 1, { type: 'call_update', active: open({ muted: true }) });
    await socket.done('mute');
    expect(call.muted).toBe(true);
  });
});

describe('what the agent is shown', () => {
  it('is who supervises, who consults, and that the sound is being brought back', async () => {
    const { socket, call, nextSeq } = await talking();
    const supervised_by = { name: 'Sam', mode: 'whisper' };
    socket.receive(nextSeq, { type: 'call_update', active: open({ supervised_by, consulted_by: 'Ana', reconnecting: true }) });
    expect(call.supervisedBy).toEqual(supervised_by);
    expect([call.consultedBy, call.reconnecting]).toEqual(['Ana', true]);
  });

  it('is a note that is written without touching the outcome', async () => {
    const { socket, call } = await talking();
    void call.annotate({ note: 'Wants a refund.' });
    expect(socket.frame('annotate')).not.toHaveProperty('outcome');
    expect(socket.frame('annotate')).toMatchObject({ call: CALL, note: 'Wants a refund.' });
  });
});
