import { LitElement, css, html } from 'lit';
import type { SentOn } from '@ringdown/sdk';
import * as icons from '../icons.js';
import type { DeskActions } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** A call that was sent on and rings there: until somebody takes it, it can be taken back. */
export class SentOnStrip extends LitElement {
  static override properties = { sentOn: { attribute: false }, actions: { attribute: false } };
  static override styles = [
    theme,
    css`
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 12px;
        margin-bottom: 16px;
        padding: 12px 16px;
      }
      p {
        flex: 1 1 14ch;
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare sentOn: SentOn;
  declare actions: DeskActions;

  override render() {
    const { from, to } = this.sentOn;
    return html`
      <section class="panel" aria-label=${t('sentOn.title')} data-testid="sent-on">
        ${icons.transfer}
        <p role="status">${t('sentOn.text', { caller: from.display, name: to })}</p>
        <button data-testid="take-back" aria-keyshortcuts="Control+Shift+B" @click=${() => this.actions.takeBack()}>
          ${icons.back}${t('sentOn.back', { caller: from.display })}
        </button>
      </section>
    `;
  }
}
customElements.define('rd-sent-on', SentOnStrip);
