/** Take WhatsApp calls from Ringdown in any web page. */
export { Device } from './device.js';
export type { DeviceEvents, DeviceOptions, DeviceState } from './device.js';
export { Call } from './call.js';
export type { Annotation, CallEvents, CallState, CloseReason } from './call.js';
export { RingdownError } from './errors.js';
export type { ErrorCode } from './errors.js';
export type { Logger } from './link.js';
export type { MediaState } from './readiness.js';
export type { Supervised, SupervisionEvents } from './supervision.js';
export type {
  Balance,
  Blocker,
  Caller,
  Colleague,
  Colleagues,
  Direction,
  EndReason,
  GroupBrief,
  Hint,
  LeftWhy,
  LiveCall,
  LiveState,
  MissedCall,
  MissedReason,
  Network,
  Presence,
  PresenceReason,
  QualityNow,
  RecordingMode,
  RecordingState,
  Right,
  RungAgent,
  SentOn,
  SupervisedBy,
  SupervisionEnd,
  SupervisionMode,
  TransferFrom,
  TransferMode,
  TransferTarget,
  TransferTo,
  Verdict,
} from './protocol.js';
