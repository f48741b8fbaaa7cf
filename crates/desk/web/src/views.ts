import type { Call, CloseReason, Device } from '@ringdown/sdk';
import { duration } from './format.js';
import type { CallView, RingingView, WrapUpView } from './state.js';
import { isStringKey, t } from './strings.js';

export function ringingView(call: Call): RingingView {
  return {
    id: call.id,
    name: call.from.display,
    ...(call.from.phone ? { phone: call.from.phone } : {}),
    lineName: call.lineName,
    rangAt: call.rangAt?.getTime() ?? 0,
    claimable: call.claimable,
    ...(call.notClaimable ? { why: call.notClaimable } : {}),
    ...(call.group ? { group: call.group } : {}),
    ...(call.queuePosition ? { queuePosition: call.queuePosition } : {}),
    ...(call.transferredBy ? { transfer: call.transferredBy } : {}),
  };
}

export function callView(call: Call, heldSince?: number): CallView {
  const startedAt = call.startedAt?.getTime();
  return {
    id: call.id,
    name: call.from.display,
    ...(call.from.phone ? { phone: call.from.phone } : {}),
    lineName: call.lineName,
    open: call.state === 'open',
    ...(call.dialStage ? { dial: call.dialStage } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    muted: call.muted,
    mutedBySupervisor: call.mutedBySupervisor,
    held: call.held,
    ...(heldSince === undefined ? {} : { heldSince }),
    reconnecting: call.reconnecting,
    ...(call.transfer ? { transfer: call.transfer } : {}),
    ...(call.consultedBy ? { consultedBy: call.consultedBy } : {}),
    ...(call.supervisedBy ? { supervisedBy: call.supervisedBy } : {}),
    recordingMode: call.recordingMode,
    recording: call.recording,
    ...(call.hint ? { hint: call.hint } : {}),
    ...(call.creditEndsAt ? { creditEndsAt: Date.parse(call.creditEndsAt) } : {}),
    ...(call.quality ? { quality: call.quality } : {}),
    keys: call.keys,
  };
}

export function wrapUpView(device: Device, last: { id: string; name: string } | undefined): WrapUpView {
  const until = device.wrapUpUntil?.getTime();
  const call = device.lastCall;
  return {
    ...(until === undefined ? {} : { until }),
    ...(call === undefined ? {} : { call }),
    ...(last && last.id === call ? { name: last.name } : {}),
  };
}

/** What the agent is told when a call leaves the page. */
export function closeNotice(call: Call, reason: CloseReason): string {
  const name = call.from.display;
  switch (reason.code) {
    case 'claimed_elsewhere':
      return reason.winner
        ? t('notice.elsewhere', { winner: reason.winner, name })
        : t('notice.elsewhereUnknown', { name });
    case 'claimed_by_you_elsewhere':
      return t('notice.youElsewhere', { name });
    case 'declined':
      return t('notice.declined', { name });
    case 'caller_hung_up':
      return t('notice.callerHungUp', { name });
    case 'timed_out':
      return t('notice.timedOut', { name });
    case 'ended':
      if (call.direction === 'business_initiated' && !reason.talkedMs) return dialNotice(name, reason);
      return reason.talkedMs
        ? t('notice.ended', { name, time: duration(reason.talkedMs) })
        : t('notice.endedUntalked', { name });
    case 'left':
      return leftNotice(name, reason);
    case 'call_ended':
      return t('notice.endedUntalked', { name });
    case 'claim_released':
      return t('notice.released', { name });
    case 'lost':
      return t('notice.lost', { name });
  }
}

/** Why a contact was not reached. */
function dialNotice(name: string, { end }: CloseReason): string {
  const key = `notice.dial.${end?.cause ?? 'other'}`;
  return t(isStringKey(key) ? key : 'notice.dial.other', { name });
}

function leftNotice(name: string, { left, nowWith }: CloseReason): string {
  switch (left ?? 'transferred') {
    case 'taken_over':
      return nowWith ? t('notice.takenOver', { name, winner: nowWith }) : t('notice.onElsewhere', { name });
    case 'consultation_over':
      return t('notice.consultationOver', { name });
    case 'resumed_elsewhere':
      return t('notice.resumedElsewhere', { name });
    case 'grace_over':
      return t('notice.graceOver', { name });
    case 'transferred':
      return nowWith ? t('notice.transferred', { name, winner: nowWith }) : t('notice.onElsewhere', { name });
  }
}
