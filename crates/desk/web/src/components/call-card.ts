import { LitElement, css, html, nothing } from 'lit';
import type { PropertyValues } from 'lit';
import { duration, isoDuration, phone } from '../format.js';
import * as icons from '../icons.js';
import type { CallView, DeskActions, NotesView } from '../state.js';
import { movable } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { avatar, avatarStyles } from './avatar.js';
import { cardStyles } from './card-styles.js';
import { Ticking } from './ticking.js';
import './call-banners.js';
import './call-credit.js';
import './call-hints.js';
import './call-notes.js';
import './call-quality.js';
import './record-control.js';

/** The contact card of the call this device talks on. */
export class CallCard extends LitElement {
  static override properties = {
    call: { attribute: false },
    notes: { attribute: false },
    reconnecting: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    avatarStyles,
    cardStyles,
    css`
      /* From the top, so that what appears below moves no button. */
      .card {
        align-content: start;
      }
      [role='timer'] {
        font-size: 40px;
        font-weight: 300;
        line-height: 1.1;
        letter-spacing: -0.01em;
        font-variant-numeric: tabular-nums;
      }
      .muted {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        /* Kept free, so that the buttons stay where they were clicked. */
        min-height: 1.5em;
        color: var(--warn);
        font-weight: 600;
      }
      .controls {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(126px, 1fr));
        gap: 12px;
        width: min(600px, 100%);
        margin-top: 8px;
      }
      .controls > button {
        min-height: 52px;
        padding: 0 10px;
      }
      @media (max-width: 480px) {
        .controls > button {
          gap: 0.35em;
          padding: 0 4px;
          font-size: 14px;
        }
      }
      rd-call-notes {
        width: min(520px, 100%);
      }
      button[aria-pressed='true'] {
        border-color: var(--warn-line);
        background: var(--warn-tint);
        color: var(--warn);
      }
    `,
  ];
  declare call: CallView;
  declare notes: NotesView;
  /** The page's own connection is lost; the call goes on. */
  declare reconnecting: boolean;
  declare actions: DeskActions;

  constructor() {
    super();
    new Ticking(this, () => this.call.startedAt !== undefined);
  }

  override updated(changed: PropertyValues<this>): void {
    const before = changed.get('call');
    if (!before?.transfer || this.call.transfer) return;
    // The buttons of the transfer go with it, and the focus with them.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) this.renderRoot.querySelector<HTMLElement>('[data-testid=transfer]')?.focus();
    });
  }

  override render() {
    const { name, muted } = this.call;
    return html`
      <section class="panel card" aria-labelledby="name" data-testid="call-card">
        <p class="state" role="status" data-testid="call-state">${this.#state()}</p>
        ${avatar(name, 'large')}
        <div>
          <h1 id="name" data-testid="card-name">${name}</h1>
          ${this.call.phone ? html`<p class="soft">${phone(this.call.phone)}</p>` : nothing}
          <p class="soft">${t('card.line', { line: this.call.lineName })}</p>
        </div>
        ${this.#timer()}
        <rd-call-quality .call=${this.call}></rd-call-quality>
        <rd-record-control .call=${this.call} .actions=${this.actions}></rd-record-control>
        <rd-call-banners .call=${this.call} .actions=${this.actions}></rd-call-banners>
        ${this.#controls()}
        <p class="muted" role="status">${muted ? html`${icons.microphoneOff}${t('card.muted')}` : nothing}</p>
        <rd-call-credit .endsAt=${this.call.creditEndsAt}></rd-call-credit>
        <rd-call-hints .call=${this.call}></rd-call-hints>
        ${this.call.consultedBy
          ? nothing
          : html`<rd-call-notes .call=${this.call.id} .notes=${this.notes} .actions=${this.actions}></rd-call-notes>`}
      </section>
    `;
  }

  #controls() {
    const { open, muted, held, consultedBy, mutedBySupervisor } = this.call;
    const canMove = movable(this.call);
    return html`
      <div class="controls">
        <button
          data-testid="mute"
          aria-pressed=${muted ? 'true' : 'false'}
          aria-keyshortcuts="Control+Shift+M"
          ?disabled=${!open || mutedBySupervisor}
          @click=${() => this.actions.mute(!muted)}
        >
          ${muted ? icons.microphoneOff : icons.microphone}${t('card.mute')}
        </button>
        <button
          data-testid="hold"
          aria-pressed=${held ? 'true' : 'false'}
          aria-keyshortcuts="Control+Shift+L"
          ?disabled=${!canMove}
          @click=${() => this.actions.hold(!held)}
        >
          ${icons.hold}${t('card.hold')}
        </button>
        <button
          data-testid="transfer"
          aria-haspopup="dialog"
          aria-keyshortcuts="Control+Shift+X"
          ?disabled=${!canMove}
          @click=${() => this.actions.askTransfer(true)}
        >
          ${icons.transfer}${t('card.transfer')}
        </button>
        <button class="stop" data-testid="hang-up" aria-keyshortcuts="Control+Shift+H" @click=${() => this.actions.hangUp()}>
          ${icons.hangUp}${t(consultedBy ? 'card.leave' : 'card.hangUp')}
        </button>
      </div>
    `;
  }

  #state(): string {
    if (this.call.dial) return t(`card.dial.${this.call.dial}`);
    if (!this.call.open) return t('card.connecting');
    return t(this.reconnecting ? 'card.reconnecting' : 'card.open');
  }

  #timer() {
    const { startedAt } = this.call;
    if (startedAt === undefined) return nothing;
    const elapsed = this.actions.now() - startedAt;
    return html`
      <div role="timer" aria-label=${t('card.timer')} data-testid="timer">
        <time datetime=${isoDuration(elapsed)}>${duration(elapsed)}</time>
      </div>
    `;
  }
}
customElements.define('rd-call-card', CallCard);
