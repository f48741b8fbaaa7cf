import { LitElement, css, html, nothing } from 'lit';
import type { Balance } from '@ringdown/sdk';
import { money } from '../format.js';
import { locale, t } from '../strings.js';
import { theme } from '../theme.js';

/** The balance, and the tag that says when calls cannot start for want of money. */
export class BalanceTag extends LitElement {
  static override properties = { balance: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        display: contents;
      }
      .balance {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 8px;
        font-variant-numeric: tabular-nums;
      }
      @media (max-width: 480px) {
        .soft {
          position: absolute;
          clip-path: inset(50%);
        }
      }
      strong {
        font-weight: 650;
      }
      .tag {
        padding: 2px 10px;
        border: 1px solid var(--warn-line);
        border-radius: 999px;
        background: var(--warn-tint);
        color: var(--warn);
        font-size: 13px;
        font-weight: 600;
      }
    `,
  ];
  declare balance: Balance | undefined;

  override render() {
    if (!this.balance) return nothing;
    const { display, currency, top_up_required } = this.balance;
    return html`
      <span class="balance" data-testid="balance">
        <span class="soft">${t('balance.label')}</span>
        <strong>${money(display, currency, locale)}</strong>
        <span role="status">
          ${top_up_required ? html`<span class="tag" data-testid="top-up">${t('balance.topUp')}</span>` : nothing}
        </span>
      </span>
    `;
  }
}
customElements.define('rd-balance-tag', BalanceTag);
