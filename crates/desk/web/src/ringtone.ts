/** A ring made of two soft bells every three seconds, in WebAudio: no file, nothing to load. */

/** Loud enough across a desk, not across a room; separate from the caller's voice. */
const VOLUME = 0.22;
/** Seconds from one ring to the next. */
const PERIOD = 3;
/** The bells: start within the period in seconds, pitch in hertz. */
const BELLS = [
  { at: 0, pitch: 659.3 },
  { at: 0.18, pitch: 880 },
  { at: 0.62, pitch: 659.3 },
  { at: 0.8, pitch: 880 },
] as const;
/** How long one bell sounds, in seconds. */
const DECAY = 0.55;

export class Ringtone {
  #gain: GainNode | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  get ringing(): boolean {
    return this.#timer !== undefined;
  }

  /** Rings until `stop`; silent without harm while the browser has not unlocked `context`. */
  start(context: AudioContext): void {
    if (this.#timer !== undefined) return;
    this.#gain = context.createGain();
    this.#gain.gain.value = VOLUME;
    this.#gain.connect(context.destination);
    this.#ring(context);
    this.#timer = setInterval(() => this.#ring(context), PERIOD * 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const gain = this.#gain;
    this.#gain = undefined;
    if (!gain) return;
    // A short fade: cutting a wave off clicks in the headset.
    gain.gain.setTargetAtTime(0, gain.context.currentTime, 0.02);
    setTimeout(() => gain.disconnect(), 200);
  }

  #ring(context: AudioContext): void {
    if (!this.#gain || context.state !== 'running') return;
    for (const { at, pitch } of BELLS) {
      const start = context.currentTime + at;
      const bell = context.createOscillator();
      const envelope = context.createGain();
      bell.type = 'triangle';
      bell.frequency.value = pitch;
      envelope.gain.setValueAtTime(0, start);
      envelope.gain.linearRampToValueAtTime(1, start + 0.012);
      envelope.gain.exponentialRampToValueAtTime(0.001, start + DECAY);
      bell.connect(envelope).connect(this.#gain);
      bell.start(start);
      bell.stop(start + DECAY);
    }
  }
}
