import { LitElement, css, html, nothing } from 'lit';
import { duration, isoDuration } from '../format.js';
import * as icons from '../icons.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { Ticking } from './ticking.js';

/** The seconds left at which a screen reader speaks up; the daemon beeps at the same ones. */
const SPOKEN = [10, 30, 60];

/** The end of the running call for want of money: seen as it counts down, spoken a few times. */
export class CallCredit extends LitElement {
  static override properties = { endsAt: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        justify-items: center;
      }
      .credit {
        display: flex;
        align-items: center;
        gap: 8px;
        max-width: 46ch;
        padding: 8px 14px;
        border: 1px solid var(--warn-line);
        border-radius: 12px;
        background: var(--warn-tint);
        color: var(--warn);
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      .spoken {
        position: absolute;
        clip-path: inset(50%);
      }
    `,
  ];
  declare endsAt: number | undefined;

  constructor() {
    super();
    new Ticking(this, () => this.endsAt !== undefined);
  }

  override render() {
    const left = this.endsAt === undefined ? undefined : Math.max(0, this.endsAt - Date.now());
    return html`
      ${left === undefined
        ? nothing
        : html`<span class="credit" role="timer" data-testid="credit">
            ${icons.alert}
            <time datetime=${isoDuration(left)}>${t('credit.left', { time: duration(left) })}</time>
          </span>`}
      <span class="spoken" role="alert">${left === undefined ? nothing : this.#spoken(left)}</span>
    `;
  }

  /** Changes only where a warning is due: whatever changes is spoken again. */
  #spoken(left: number): string {
    const seconds = SPOKEN.find((spoken) => left <= spoken * 1000);
    return seconds === undefined ? '' : t('credit.warning', { seconds: String(seconds) });
  }
}
customElements.define('rd-call-credit', CallCredit);
