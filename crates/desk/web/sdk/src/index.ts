/** Take WhatsApp calls from Ringdown in any web page. */
export { Device } from './device.js';
export type { ContactOptions, DeviceEvents, DeviceOptions, DeviceState, DialOptions } from './device.js';
export { Call } from './call.js';
export type { Annotation, CallEvents, CallState, CloseReason } from './call.js';
export { DialRefusedError, RingdownError } from './errors.js';
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
  DialBlocker,
  DialRefusal,
  DialStage,
  Direction,
  EndReason,
  GroupBrief,
  Hint,
  LeftWhy,
  LineBrief,
  LiveCall,
  LiveState,
  MissedCall,
  MissedReason,
  Network,
  Permit,
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
