import { Emitter } from './emitter.js';
import { RingdownError, microphoneError } from './errors.js';

export interface MediaOptions {
  /** Where the caller is heard; made and hidden in the page when absent. */
  audioElement?: HTMLAudioElement | undefined;
  /** Asked of the microphone beside the usual echo cancellation and gain control. */
  constraints?: MediaTrackConstraints | undefined;
}

export interface MediaEvents {
  /** The peer connection cannot carry sound any more. */
  failed: string;
  /** Sound stalls (true) or flows again (false); the browser still tries. */
  interrupted: boolean;
  /** The microphone was unplugged or its permission taken back. */
  microphone_lost: undefined;
}

/** Gathering host candidates takes milliseconds; a hanging interface must not hold up the agent. */
const GATHERING_TIMEOUT_MS = 2_000;

/** The microphone, the loudspeaker and one warm peer connection between calls. */
export class Media extends Emitter<MediaEvents> {
  readonly #options: MediaOptions;
  #context: AudioContext | undefined;
  #audio: HTMLAudioElement | undefined;
  #microphone: MediaStreamTrack | undefined;
  #connection: RTCPeerConnection | undefined;
  #sender: RTCRtpSender | undefined;
  #attached = false;
  #muted = false;

  constructor(options: MediaOptions) {
    super();
    this.#options = options;
  }

  /** Shared with the page for ringtones. Suspended until `unlock`. */
  get context(): AudioContext {
    this.#context ??= new AudioContext();
    return this.#context;
  }

  /** Whether the browser says that sound can flow. */
  get connected(): boolean {
    return this.#connection?.connectionState === 'connected';
  }

  /** Call inside a click: browsers play nothing before one. */
  unlock(): void {
    if (typeof AudioContext === 'undefined') return;
    void this.context.resume().catch(() => undefined);
  }

  /** Opens the microphone (kept open while ready) and a new peer connection; gives its offer. */
  async offer(): Promise<string> {
    await this.#openMicrophone();
    this.#closeConnection();
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#connection = connection;
    this.#watch(connection);
    // Without a track nothing of the agent's room leaves; `sendrecv` lets one in later without
    // another negotiation.
    this.#sender = connection.addTransceiver('audio', { direction: 'sendrecv' }).sender;
    if (this.#attached) await this.#sender.replaceTrack(this.#microphone ?? null);
    await connection.setLocalDescription(await connection.createOffer());
    await gathered(connection);
    const offer = connection.localDescription?.sdp;
    if (!offer || connection !== this.#connection) {
      throw new RingdownError('media_failed', 'The media offer was given up.', 'Go ready again.');
    }
    return offer;
  }

  async answer(sdp: string): Promise<void> {
    if (this.#connection?.signalingState !== 'have-local-offer') return;
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  /** The agent is heard from here on. */
  async attach(): Promise<void> {
    this.#attached = true;
    this.#setEnabled();
    await this.#sender?.replaceTrack(this.#microphone ?? null);
  }

  /** Nothing of the agent's room leaves any more. */
  async detach(): Promise<void> {
    this.#attached = false;
    this.#muted = false;
    this.#setEnabled();
    await this.#sender?.replaceTrack(null);
  }

  mute(on: boolean): void {
    this.#muted = on;
    this.#setEnabled();
  }

  /** Gives microphone and peer connection back to the browser. */
  close(): void {
    this.#attached = false;
    this.#muted = false;
    this.#closeConnection();
    if (this.#microphone) {
      this.#microphone.onended = null;
      this.#microphone.stop();
      this.#microphone = undefined;
    }
  }

  async #openMicrophone(): Promise<void> {
    if (this.#microphone?.readyState === 'live') return;
    const usual = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    let stream: MediaStream;
    try {
      const audio = { ...usual, ...this.#options.constraints };
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (thrown) {
      throw microphoneError(thrown);
    }
    const [track] = stream.getAudioTracks();
    if (!track) throw microphoneError(new DOMException('no track', 'NotFoundError'));
    track.onended = () => this.emit('microphone_lost', undefined);
    this.#microphone = track;
    this.#setEnabled();
  }

  #setEnabled(): void {
    if (this.#microphone) this.#microphone.enabled = !this.#muted;
  }

  #watch(connection: RTCPeerConnection): void {
    let interrupted = false;
    connection.ontrack = ({ track }) => void this.#play(new MediaStream([track]));
    connection.onconnectionstatechange = () => {
      const state = connection.connectionState;
      if (state === 'failed') this.emit('failed', 'The peer connection failed.');
      if ((state === 'disconnected') !== interrupted) {
        interrupted = !interrupted;
        this.emit('interrupted', interrupted);
      }
    };
  }

  async #play(stream: MediaStream): Promise<void> {
    this.#audio ??= this.#options.audioElement ?? hiddenAudio();
    this.#audio.srcObject = stream;
    try {
      await this.#audio.play();
    } catch (thrown) {
      // A newer stream interrupts the play of an older one; that is no fault.
      if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
      this.emit('failed', 'The browser refused to play the caller.');
    }
  }

  #closeConnection(): void {
    const connection = this.#connection;
    this.#connection = this.#sender = undefined;
    if (!connection) return;
    connection.ontrack = connection.onconnectionstatechange = null;
    connection.close();
  }
}

function hiddenAudio(): HTMLAudioElement {
  const audio = document.createElement('audio');
  audio.autoplay = true;
  audio.hidden = true;
  audio.dataset['ringdown'] = 'caller';
  document.body.append(audio);
  return audio;
}

/** The one offer is sent whole: the daemon takes no candidates later. */
function gathered(connection: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === 'complete') return resolve();
    const timer = setTimeout(resolve, GATHERING_TIMEOUT_MS);
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    };
  });
}
