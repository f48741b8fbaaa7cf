import { LitElement, html, nothing } from 'lit';
import type { LiveCall, Supervised, SupervisionMode } from '@ringdown/sdk';
import { repeat } from 'lit/directives/repeat.js';
import { duration, isoDuration } from '../format.js';
import * as icons from '../icons.js';
import type { DeskActions } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import './end-dialog.js';
import { liveStyles } from './live-styles.js';
import { Ticking } from './ticking.js';

const MODES: readonly SupervisionMode[] = ['listen', 'whisper', 'barge'];
const ICONS = { listen: icons.ear, whisper: icons.headset, barge: icons.people } as const;

/** Every live call as supervisors see it, and what they can do with one. */
export class LiveCalls extends LitElement {
  static override properties = {
    live: { attribute: false },
    supervised: { attribute: false },
    talks: { attribute: false },
    actions: { attribute: false },
    unfolded: { state: true },
    ending: { state: true },
  };
  static override styles = [theme, liveStyles];
  declare live: readonly LiveCall[];
  declare supervised: Supervised | undefined;
  /** The supervisor is on a call of their own, and can take part in no other. */
  declare talks: boolean;
  declare actions: DeskActions;
  /** The call whose buttons are shown. */
  declare unfolded: string | undefined;
  /** The call that is to be ended, once it was confirmed. */
  declare ending: LiveCall | undefined;

  constructor() {
    super();
    new Ticking(this, () => this.live.length > 0);
  }

  override render() {
    return html`
      <section class="panel" aria-labelledby="title" data-testid="live-calls">
        <h1 id="title">${t('supervise.title')} <span class="count">${this.live.length}</span></h1>
        <p class="now" role="status" data-testid="supervising">${this.#now()}</p>
        ${this.live.length === 0
          ? html`<p class="none soft">${t('supervise.none')}</p>`
          : html`<ul>
              ${repeat(
                this.live,
                ({ call }) => call,
                (live) => this.#row(live),
              )}
            </ul>`}
      </section>
      <rd-end-dialog
        .live=${this.ending}
        .confirmed=${() => this.ending && this.actions.endCall(this.ending.call)}
        .closed=${() => (this.ending = undefined)}
      ></rd-end-dialog>
    `;
  }

  /** What the supervisor hears and who hears them, said whenever it changes. */
  #now() {
    const { supervised } = this;
    const live = this.live.find(({ call }) => call === supervised?.call);
    if (!supervised || !live) return nothing;
    const names = { agent: live.agent_name ?? '', name: live.from.display };
    const text = { listen: 'supervise.nowListen', whisper: 'supervise.nowWhisper', barge: 'supervise.nowBarge' } as const;
    return html`${ICONS[supervised.mode]}<span>${t(text[supervised.mode], names)}</span>`;
  }

  #row(live: LiveCall) {
    const { call, from, agent_name } = live;
    const isMine = this.supervised?.call === call;
    const isOpen = isMine || this.unfolded === call;
    return html`
      <li class=${isMine ? 'mine' : ''} data-testid="live-call">
        <button
          class="head"
          aria-expanded=${isOpen ? 'true' : 'false'}
          aria-controls="acts-${call}"
          @click=${() => (this.unfolded = isOpen && !isMine ? undefined : call)}
        >
          <span class="who">
            <span class="name">${from.display}</span>
            <span class="sub">${agent_name ? t('supervise.agent', { name: agent_name }) : t('supervise.nobody')} · ${live.line_name}</span>
          </span>
          <span class="facts">
            <span class="state ${live.state}">${stateOf(live)}</span>
            ${this.#time(live)} ${qualityOf(live)}
            ${live.muted ? html`<span class="tag">${icons.microphoneOff}${t('supervise.muted')}</span>` : nothing}
            ${supervisorOf(live)}
          </span>
          <span class="fold ${isOpen ? 'open' : ''}">${icons.chevron}</span>
        </button>
        <div id="acts-${call}" ?hidden=${!isOpen}>${isOpen ? this.#acts(live) : nothing}</div>
      </li>
    `;
  }

  #time({ bridged_at, arrived_at }: LiveCall) {
    const elapsed = this.actions.now() - Date.parse(bridged_at ?? arrived_at);
    return html`<time datetime=${isoDuration(elapsed)}>${duration(elapsed)}</time>`;
  }

  #acts(live: LiveCall) {
    const { call, from, muted } = live;
    const isMine = this.supervised?.call === call;
    const canJoin = live.state === 'bridged' && live.agent !== undefined && !this.talks;
    return html`
      <div class="acts" role="group" aria-label=${t('supervise.acts', { name: from.display })}>
        ${MODES.map(
          (mode) => html`<button
            data-testid="live-${mode}"
            aria-pressed=${isMine && this.supervised?.mode === mode ? 'true' : 'false'}
            ?disabled=${!canJoin}
            @click=${() => this.actions.supervise(call, mode)}
          >
            ${ICONS[mode]}${t(`supervise.${mode}`)}
          </button>`,
        )}
        ${isMine
          ? html`<button data-testid="live-stop" @click=${() => this.actions.stopSupervising()}>${icons.cross}${t('supervise.stop')}</button>`
          : nothing}
        <button data-testid="live-take-over" ?disabled=${!canJoin} @click=${() => this.actions.takeOver(call)}>
          ${icons.handset}${t('supervise.takeOver')}
        </button>
        <button
          data-testid="live-mute"
          aria-pressed=${muted ? 'true' : 'false'}
          ?disabled=${live.agent === undefined}
          @click=${() => this.actions.muteAgent(call, !muted)}
        >
          ${icons.microphoneOff}${t('supervise.mute')}
        </button>
        <button class="refuse" data-testid="live-end" aria-haspopup="dialog" @click=${() => (this.ending = live)}>
          ${icons.hangUp}${t('supervise.end')}
        </button>
      </div>
    `;
  }
}
customElements.define('rd-live-calls', LiveCalls);

function stateOf({ state, queue_position }: LiveCall): string {
  if (queue_position !== undefined) return t('supervise.queued', { place: queue_position });
  return t(`supervise.${state}`);
}

function qualityOf({ quality }: LiveCall) {
  return quality ? html`<span class="quality ${quality.verdict}">${t(`sound.${quality.verdict}`)}</span>` : nothing;
}

function supervisorOf({ supervised_by }: LiveCall) {
  if (!supervised_by) return nothing;
  const text = { listen: 'supervise.byListen', whisper: 'supervise.byWhisper', barge: 'supervise.byBarge' } as const;
  const { mode, name } = supervised_by;
  return html`<span class="tag">${ICONS[mode]}${t(text[mode], { name })}</span>`;
}
