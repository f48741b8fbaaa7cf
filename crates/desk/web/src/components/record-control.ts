import { LitElement, css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import * as icons from '../icons.js';
import type { CallView, DeskActions, RecordVerb } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** Whether the call is recorded, always visible when it is; buttons only where the line lets the agent decide. */
export class RecordControl extends LitElement {
  static override properties = { call: { attribute: false }, actions: { attribute: false } };
  static override styles = [
    theme,
    css`
      [role='group'] {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: center;
        gap: 8px;
      }
      .state {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 40px;
        padding: 0 14px;
        border-radius: 999px;
        background: var(--stop-tint);
        color: var(--stop);
        font-weight: 600;
      }
      .state.paused,
      .state.failed {
        background: var(--warn-tint);
        color: var(--warn);
      }
      .dot {
        width: 10px;
        height: 10px;
        border-radius: 50%;
        background: var(--stop);
        animation: breathe 2s ease-in-out infinite;
        forced-color-adjust: none;
      }
      .paused .dot {
        background: none;
        border: 2px solid var(--stop);
        animation: none;
      }
      @media (max-width: 480px) {
        button:not(.start) .verb {
          position: absolute;
          clip-path: inset(50%);
        }
        button:not(.start) {
          width: 44px;
          padding: 0;
        }
      }
      .start {
        color: var(--stop);
      }
      .start svg {
        color: var(--stop);
      }
      @keyframes breathe {
        50% {
          opacity: 0.35;
        }
      }
      @media (forced-colors: active) {
        .state {
          border: 1px solid CanvasText;
        }
      }
    `,
  ];
  declare call: CallView;
  declare actions: DeskActions;

  override render() {
    const { open, recordingMode, recording } = this.call;
    if (!open || recordingMode === 'off') return nothing;
    return html`
      <div role="group" aria-label=${t('record.group')}>
        <span role="status">
          ${recording === 'off'
            ? nothing
            : html`<span class="state ${recording}" data-testid="recording-${recording}">
                ${recording === 'failed' ? icons.alert : html`<span class="dot"></span>`}${t(`record.${recording}`)}
              </span>`}
        </span>
        ${recordingMode === 'on_demand' ? this.#buttons() : nothing}
      </div>
    `;
  }

  #buttons() {
    switch (this.call.recording) {
      case 'off':
        return this.#button('start', icons.record);
      case 'on':
        return html`${this.#button('pause', icons.pause)}${this.#button('stop', icons.stop)}`;
      case 'paused':
        return html`${this.#button('resume', icons.record)}${this.#button('stop', icons.stop)}`;
      case 'failed':
        return nothing;
    }
  }

  #button(verb: RecordVerb, icon: TemplateResult) {
    return html`
      <button class=${verb === 'start' ? 'start' : ''} data-testid="record-${verb}" @click=${() => this.actions.record(verb)}>
        ${icon}<span class="verb">${t(`record.${verb}`)}</span>
      </button>
    `;
  }
}
customElements.define('rd-record-control', RecordControl);
