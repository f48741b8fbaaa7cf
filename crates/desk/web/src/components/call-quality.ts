import { LitElement, css, html, nothing } from 'lit';
import type { CallView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** How the running call sounds, in a word and in bars. */
export class CallQuality extends LitElement {
  static override properties = { call: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        /* Kept free, so that the buttons below stay where they were clicked. */
        min-height: 1.5em;
      }
      .quality {
        display: inline-flex;
        align-items: center;
        gap: 8px;
      }
      .bars {
        display: inline-flex;
        align-items: flex-end;
        gap: 2px;
        height: 14px;
        forced-color-adjust: none;
      }
      .bars i {
        width: 4px;
        height: 5px;
        border: 1px solid currentColor;
        border-radius: 1px;
      }
      .bars i:nth-child(2) {
        height: 9px;
      }
      .bars i:nth-child(3) {
        height: 13px;
      }
      .good i,
      .fair i:not(:nth-child(3)),
      .poor i:first-child {
        background: currentColor;
      }
      .good .bars {
        color: var(--go);
      }
      .fair .bars,
      .poor .bars,
      .poor {
        color: var(--warn);
      }
      .poor {
        font-weight: 600;
      }
    `,
  ];
  declare call: CallView;

  override render() {
    return html`<span role="status" data-testid="quality">${this.#quality()}</span>`;
  }

  #quality() {
    const { open, quality } = this.call;
    if (!open || !quality) return nothing;
    const { verdict, network } = quality;
    return html`<span class="quality ${verdict}">
      <span class="bars" aria-hidden="true"><i></i><i></i><i></i></span>
      ${t(`sound.${verdict}`)}${network ? ` (${t(`sound.${network}`)})` : nothing}
    </span>`;
  }
}
customElements.define('rd-call-quality', CallQuality);
