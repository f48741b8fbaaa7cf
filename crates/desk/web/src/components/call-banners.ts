import { LitElement, css, html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { duration, isoDuration } from '../format.js';
import * as icons from '../icons.js';
import type { CallView, DeskActions } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { Ticking } from './ticking.js';

/** What is unusual about the running call: hold, transfer, consultation, supervisors, lost sound. */
export class CallBanners extends LitElement {
  static override properties = { call: { attribute: false }, actions: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        width: min(520px, 100%);
      }
      .banner {
        margin: 4px 0;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
        padding: 10px 14px;
        border: 1px solid var(--line);
        border-radius: 12px;
        background: var(--raised);
        text-align: start;
      }
      .banner.warn {
        border-color: var(--warn-line);
        background: var(--warn-tint);
        color: var(--warn);
        font-weight: 600;
      }
      .banner.brand {
        border-color: var(--brand);
        background: var(--brand-tint);
      }
      .text {
        flex: 1 1 12em;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      time {
        font-variant-numeric: tabular-nums;
      }
      .acts {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        width: 100%;
      }
      .acts button {
        flex: 1 1 150px;
        min-height: 44px;
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare call: CallView;
  declare actions: DeskActions;

  constructor() {
    super();
    new Ticking(this, () => this.call.heldSince !== undefined);
  }

  override updated(changed: PropertyValues<this>): void {
    const before = changed.get('call');
    if (!before || !this.call.transfer || before.transfer) return;
    // The button that the agent pressed is gone: go on where the transfer does.
    this.renderRoot.querySelector<HTMLElement>('[data-testid=transfer-banner]')?.focus();
  }

  override render() {
    const { call } = this;
    // Each is there all the time, so that what appears in it is read out.
    return html`
      <div role="alert">${call.mutedBySupervisor ? this.#banner('muted-by-supervisor', icons.microphoneOff, t('card.mutedBySupervisor'), 'warn') : nothing}</div>
      <div role="alert">${call.silent ? this.#banner('silent', icons.alert, t('blocker.audio_locked'), 'warn') : nothing}</div>
      <div role="alert">${call.reconnecting ? this.#banner('returning-sound', icons.alert, t('card.returning', { name: call.name }), 'warn') : nothing}</div>
      <div role="status">${this.#supervisor()}</div>
      <div role="status">${call.held && !call.transfer && !call.consultedBy ? this.#held() : nothing}</div>
      <div role="status">
        ${call.consultedBy ? this.#banner('consulted', icons.people, t('card.consultedBy', { name: call.consultedBy }), 'brand') : nothing}
      </div>
      <div role="status">${this.#transfer()}</div>
    `;
  }

  #banner(name: string, icon: TemplateResult, text: string, kind = '') {
    return html`<div class="banner ${kind}" data-testid=${name}>${icon}<span class="text">${text}</span></div>`;
  }

  #supervisor() {
    const { supervisedBy } = this.call;
    // Listening is not shown to agents.
    if (!supervisedBy || supervisedBy.mode === 'listen') return nothing;
    const { name, mode } = supervisedBy;
    return this.#banner(`supervisor-${mode}`, icons.headset, t(`card.${mode}`, { name }), 'brand');
  }

  #held() {
    const { name, heldSince } = this.call;
    return html`<div class="banner warn" data-testid="held">
      ${icons.hold}<span class="text">${t('card.held', { name })}</span>${heldSince === undefined ? nothing : this.#clock(heldSince)}
    </div>`;
  }

  /** Not read out every second. */
  #clock(since: number) {
    const elapsed = this.actions.now() - since;
    return html`<span role="timer" aria-live="off" aria-label=${t('card.heldFor')}>
      <time datetime=${isoDuration(elapsed)}>${duration(elapsed)}</time>
    </span>`;
  }

  #transfer() {
    const { transfer, name: caller, heldSince } = this.call;
    if (!transfer) return nothing;
    const { name, consulting, mode } = transfer;
    const waiting = mode === 'blind' ? 'transfer.sending' : 'transfer.calling';
    const text = consulting ? 'transfer.consulting' : waiting;
    return html`
      <div class="banner ${consulting ? 'brand' : 'warn'}" tabindex="-1" data-testid="transfer-banner">
        ${icons.transfer}<span class="text" data-testid="transfer-state">${t(text, { name, caller })}</span>
        ${heldSince === undefined ? nothing : this.#clock(heldSince)}
        <div class="acts">
          <button data-testid="transfer-cancel" @click=${() => this.actions.cancelTransfer()}>
            ${icons.back}${t('transfer.back', { caller })}
          </button>
          ${consulting
            ? html`<button class="brand" data-testid="transfer-complete" @click=${() => this.actions.completeTransfer()}>
                ${icons.check}${t('transfer.complete')}
              </button>`
            : nothing}
        </div>
      </div>
    `;
  }
}
customElements.define('rd-call-banners', CallBanners);
