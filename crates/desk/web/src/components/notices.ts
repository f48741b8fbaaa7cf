import { LitElement, css, html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import * as icons from '../icons.js';
import type { DeskActions, Notice } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** What happened a moment ago, read out once, and the urgent line that says who calls. */
export class Notices extends LitElement {
  static override properties = {
    notices: { attribute: false },
    urgent: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    css`
      :host {
        position: fixed;
        z-index: 2;
        inset: auto 16px 16px 16px;
        pointer-events: none;
      }
      [role='status'] {
        display: grid;
        gap: 8px;
        justify-items: end;
      }
      .notice {
        display: flex;
        align-items: center;
        gap: 8px;
        max-width: 440px;
        padding: 6px 6px 6px 16px;
        border: 1px solid var(--line);
        border-radius: 12px;
        background: var(--surface);
        box-shadow: var(--shadow-high);
        pointer-events: auto;
        animation: arrive 160ms ease-out;
      }
      @media (max-width: 860px) {
        /* At the top: the buttons of a call are within the thumb's reach below. */
        :host {
          inset: 8px 12px auto;
        }
        [role='status'] {
          justify-items: stretch;
        }
        .notice {
          max-width: none;
        }
      }
      p {
        flex: 1;
        overflow-wrap: anywhere;
      }
      @keyframes arrive {
        from {
          opacity: 0;
          transform: translateY(8px);
        }
      }
    `,
  ];
  declare notices: Notice[];
  declare urgent: string;
  declare actions: DeskActions;

  override render() {
    return html`
      <div class="visually-hidden" role="alert" data-testid="announcement">${this.urgent}</div>
      <div role="status" aria-live="polite" data-testid="notices">
        ${repeat(
          this.notices,
          ({ id }) => id,
          ({ id, text }) => html`
            <div class="notice">
              <p>${text}</p>
              <button class="plain" aria-label=${t('notice.dismiss')} @click=${() => this.actions.dismissNotice(id)}>
                ${icons.cross}
              </button>
            </div>
          `,
        )}
      </div>
    `;
  }
}
customElements.define('rd-notices', Notices);
