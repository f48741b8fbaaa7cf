import { LitElement, css, html, nothing } from 'lit';
import type { Hint } from '@ringdown/sdk';
import * as icons from '../icons.js';
import type { CallView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** Why nobody is heard on the running call, and which keys the caller pressed. */
export class CallHints extends LitElement {
  static override properties = { call: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        align-content: start;
        justify-items: center;
        gap: 8px;
      }
      .hint {
        display: flex;
        align-items: center;
        gap: 8px;
        max-width: 46ch;
        padding: 8px 14px;
        border: 1px solid var(--line);
        border-radius: 12px;
        text-align: start;
      }
      .hint.urgent {
        border-color: var(--warn-line);
        background: var(--warn-tint);
        color: var(--warn);
        font-weight: 600;
      }
      .keys {
        font-variant-numeric: tabular-nums;
        letter-spacing: 0.15em;
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare call: CallView;

  override render() {
    const { hint, keys } = this.call;
    return html`
      <span role="alert">${hint && urgent(hint) ? this.#hint(hint) : nothing}</span>
      <span role="status">${hint && !urgent(hint) ? this.#hint(hint) : nothing}</span>
      ${keys
        ? html`<p class="soft">${t('card.keys')}: <span class="keys" role="log" data-testid="keys">${keys}</span></p>`
        : nothing}
    `;
  }

  #hint(hint: Hint) {
    return html`<span class="hint ${urgent(hint) ? 'urgent' : ''}" data-testid="hint-${hint}">
      ${urgent(hint) ? icons.alert : nothing}${t(`hint.${hint}`)}
    </span>`;
  }
}
customElements.define('rd-call-hints', CallHints);

/** Whether it is for the agent to mend, and now. */
function urgent(hint: Hint): boolean {
  return hint !== 'caller_silent';
}
