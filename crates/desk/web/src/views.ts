import type { Call, CloseReason } from '@ringdown/sdk';
import { duration } from './format.js';
import type { CallView, RingingView } from './state.js';
import { t } from './strings.js';

export function ringingView(call: Call): RingingView {
  return {
    id: call.id,
    name: call.from.display,
    ...(call.from.phone ? { phone: call.from.phone } : {}),
    lineName: call.lineName,
    rangAt: call.rangAt?.getTime() ?? 0,
    claimable: call.claimable,
    ...(call.notClaimable ? { why: call.notClaimable } : {}),
  };
}

export function callView(call: Call): CallView {
  const startedAt = call.startedAt?.getTime();
  return {
    id: call.id,
    name: call.from.display,
    ...(call.from.phone ? { phone: call.from.phone } : {}),
    lineName: call.lineName,
    open: call.state === 'open',
    ...(startedAt === undefined ? {} : { startedAt }),
    muted: call.muted,
    recordingMode: call.recordingMode,
    recording: call.recording,
    ...(call.hint ? { hint: call.hint } : {}),
    ...(call.quality ? { quality: call.quality } : {}),
    keys: call.keys,
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
      return reason.talkedMs
        ? t('notice.ended', { name, time: duration(reason.talkedMs) })
        : t('notice.endedUntalked', { name });
    case 'call_ended':
      return t('notice.endedUntalked', { name });
    case 'claim_released':
      return t('notice.released', { name });
    case 'lost':
      return t('notice.lost', { name });
  }
}
