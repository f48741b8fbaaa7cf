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
  /** Sound can flow, for the first time or again. */
  connected: undefined;
  /** The path of a connection that has worked is gone; a restart of ICE may find another. */
  path_lost: undefined;
  /** Sound stalls (true) or flows again (false); the browser still tries. */
  interrupted: boolean;
  /** The microphone was unplugged or its permission taken back. */
  microphone_lost: undefined;
  /** The microphone was opened or given back. */
  microphone: undefined;
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
  /** Heard until its successor works. */
  #old: RTCPeerConnection | undefined;
  #sender: RTCRtpSender | undefined;
  #iceServers: RTCIceServer[] = [];
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

  get hasMicrophone(): boolean {
    return this.#microphone?.readyState === 'live';
  }

  /** Whether the browser says that sound can flow. */
  get connected(): boolean {
    return this.#connection?.connectionState === 'connected';
  }

  /** Call inside a click: browsers play nothing before one. */
  unlock(): void {
    if (typeof AudioContext === 'undefined') return;
    void this.context.resume().catch(() => undefined);
    if (this.#audio?.srcObject && this.#audio.paused) void this.#audio.play().catch(() => undefined);
  }

  /** Relays for this and later peer connections; a running one keeps its path. */
  useIceServers(iceServers: RTCIceServer[]): void {
    this.#iceServers = iceServers;
    this.#connection?.setConfiguration({ ...this.#connection.getConfiguration(), iceServers });
  }

  /**
   * Opens the microphone (kept open while ready) and a new peer connection; gives its offer. With
   * `keepOld` the connection that exists is heard until the new one works.
   */
  async offer(keepOld = false): Promise<string> {
    await this.#openMicrophone();
    if (keepOld && this.connected) this.#setAside();
    else this.#closeConnection();
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: this.#iceServers });
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

  /** An offer that brings the running connection to another network. Candidates are not waited
   *  for: the daemon needs none, and sound is missing meanwhile. */
  async restartOffer(): Promise<string> {
    const connection = this.#connection;
    await connection?.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    const offer = connection?.localDescription?.sdp;
    if (!offer || connection !== this.#connection) {
      throw new RingdownError('media_failed', 'There is no connection to restart.', 'Go ready again.');
    }
    return offer;
  }

  /** Whether sound can flow before so many milliseconds are over. */
  connectedWithin(wait: number): Promise<boolean> {
    if (this.connected) return Promise.resolve(true);
    return new Promise((resolve) => {
      const heard = new AbortController();
      const end = (flows: boolean): void => {
        clearTimeout(timer);
        heard.abort();
        resolve(flows);
      };
      const timer = setTimeout(() => end(false), wait);
      this.once('connected', () => end(true), { signal: heard.signal });
    });
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
    if (this.connected) this.#closeOld();
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
      this.emit('microphone', undefined);
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
    // Browsers let a page sound without a click while it has the microphone.
    this.unlock();
    this.emit('microphone', undefined);
  }

  #setEnabled(): void {
    if (this.#microphone) this.#microphone.enabled = !this.#muted;
  }

  #watch(connection: RTCPeerConnection): void {
    let worked = false;
    let interrupted = false;
    let stream: MediaStream | undefined;
    connection.ontrack = ({ track }) => {
      stream = new MediaStream([track]);
      if (!this.#old) void this.#play(stream);
    };
    connection.onconnectionstatechange = () => {
      const state = connection.connectionState;
      worked ||= state === 'connected';
      if (state === 'connected' && this.#old) {
        this.#closeOld();
        if (stream) void this.#play(stream);
      }
      // What is wrong with DTLS stays wrong on every path.
      const isPathLost = worked && (state === 'disconnected' || connection.iceConnectionState === 'failed');
      if (state === 'failed' && !isPathLost) {
        this.emit('failed', 'The peer connection failed.');
        return;
      }
      if ((worked && state !== 'connected') !== interrupted) {
        interrupted = !interrupted;
        this.emit('interrupted', interrupted);
      }
      if (state === 'connected') this.emit('connected', undefined);
      else if (isPathLost) this.emit('path_lost', undefined);
    };
  }

  async #play(stream: MediaStream): Promise<void> {
    this.#audio ??= this.#options.audioElement ?? hiddenAudio();
    this.#audio.srcObject = stream;
    try {
      await this.#audio.play();
    } catch (thrown) {
      // A newer stream interrupts the play of an older one; that is no fault. A page in which
      // nobody has clicked yet plays with the first click.
      if (thrown instanceof DOMException && ['AbortError', 'NotAllowedError'].includes(thrown.name)) return;
      this.emit('failed', 'The browser refused to play the caller.');
    }
  }

  /** What becomes of it does not matter any more: its successor is being made. */
  #setAside(): void {
    this.#closeOld();
    this.#old = this.#connection;
    if (this.#old) this.#old.ontrack = this.#old.onconnectionstatechange = null;
    this.#connection = this.#sender = undefined;
  }

  #closeOld(): void {
    this.#old?.close();
    this.#old = undefined;
  }

  #closeConnection(): void {
    this.#setAside();
    this.#closeOld();
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
