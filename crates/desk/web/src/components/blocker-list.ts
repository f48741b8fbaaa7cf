import { LitElement, css, html, nothing } from 'lit';
import type { Blocker } from '@ringdown/sdk';
import * as icons from '../icons.js';
import { isStringKey, t } from '../strings.js';
import { theme } from '../theme.js';

/** Everything that keeps this window from ringing, each with what to do about it. */
export class BlockerList extends LitElement {
  static override properties = { blockers: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        width: min(52ch, 100%);
      }
      ul {
        display: grid;
        gap: 8px;
        padding-top: 10px;
        text-align: start;
      }
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 10px;
        padding: 10px 14px;
        border: 1px solid var(--warn-line);
        border-radius: 12px;
        background: var(--warn-tint);
        color: var(--warn);
        font-size: 14px;
        line-height: 1.45;
      }
      svg {
        margin-top: 1px;
      }
    `,
  ];
  declare blockers: readonly Blocker[];

  override render() {
    // Said when it changes, so that nobody waits for calls that cannot ring.
    return html`<div role="status" data-testid="blockers">
      ${this.blockers.length === 0
        ? nothing
        : html`<ul aria-label=${t('ready.reasons')}>
            ${this.blockers.map((blocker) => this.#row(blocker))}
          </ul>`}
    </div>`;
  }

  #row(blocker: Blocker) {
    const key = `blocker.${blocker}`;
    // A newer daemon may know more reasons than this page.
    return html`<li data-testid="blocker-${blocker}">${icons.alert}<span>${isStringKey(key) ? t(key) : blocker}</span></li>`;
  }
}
customElements.define('rd-blocker-list', BlockerList);
