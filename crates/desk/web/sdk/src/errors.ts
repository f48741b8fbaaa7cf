import type { DialBlocker, ServerErrorCode } from './protocol.js';

/** Codes that arise in the page; the others come from the daemon. */
export type LocalErrorCode =
  | 'microphone_denied'
  | 'microphone_missing'
  | 'microphone_busy'
  | 'microphone_lost'
  | 'media_timeout'
  | 'media_failed'
  | 'token_unavailable'
  | 'socket_lost'
  | 'session_lost'
  | 'timeout'
  | 'destroyed'
  | 'dial_refused'
  | 'wrong_state';

export type ErrorCode = ServerErrorCode | LocalErrorCode;

/** What every rejected promise and `error` event of the SDK carries. */
export class RingdownError extends Error {
  /** A stable code to decide by. */
  readonly code: ErrorCode;
  /** How to mend it, for people. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RingdownError';
    this.code = code;
    this.hint = hint;
  }
}

/** A rule does not let the contact be called, or asked. */
export class DialRefusedError extends RingdownError {
  readonly blocker: DialBlocker;
  /** When to try again; `undefined` when time alone changes nothing. */
  readonly notBefore: Date | undefined;

  constructor(refusal: { blocker: DialBlocker; message: string; not_before?: string }) {
    const { blocker, message, not_before } = refusal;
    super('dial_refused', message, not_before ? `Try again after ${not_before}.` : 'Look at device.checkContact().');
    this.name = 'DialRefusedError';
    this.blocker = blocker;
    this.notBefore = not_before === undefined ? undefined : new Date(not_before);
  }
}

/** Wraps anything thrown; an error of ours passes unchanged. */
export function asRingdownError(
  thrown: unknown,
  code: ErrorCode,
  message: string,
  hint: string,
): RingdownError {
  return thrown instanceof RingdownError ? thrown : new RingdownError(code, message, hint, thrown);
}

/** What a refused `getUserMedia` means for the agent. */
export function microphoneError(thrown: unknown): RingdownError {
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return new RingdownError(
      'microphone_denied',
      'The browser does not let this page use the microphone.',
      'Open the padlock menu beside the address, allow the microphone, and go ready again.',
      thrown,
    );
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return new RingdownError(
      'microphone_missing',
      'No microphone was found.',
      'Connect a headset or a microphone, and go ready again.',
      thrown,
    );
  }
  return new RingdownError(
    'microphone_busy',
    'The microphone could not be opened.',
    'Close other programs that use the microphone, and go ready again.',
    thrown,
  );
}
