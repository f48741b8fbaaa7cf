/** Take WhatsApp calls from Ringdown in any web page. */
export { Device } from './device.js';
export type { DeviceEvents, DeviceOptions, DeviceState } from './device.js';
export { Call } from './call.js';
export type { CallEvents, CallState, CloseReason } from './call.js';
export { RingdownError } from './errors.js';
export type { ErrorCode } from './errors.js';
export type { Logger } from './link.js';
export type { MediaState } from './readiness.js';
export type {
  Balance,
  Caller,
  Direction,
  EndReason,
  Hint,
  MissedCall,
  MissedReason,
  Network,
  Presence,
  PresenceReason,
  QualityNow,
  RecordingMode,
  RecordingState,
  Verdict,
} from './protocol.js';
