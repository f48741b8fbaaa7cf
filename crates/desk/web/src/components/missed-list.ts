import { LitElement, css, html } from 'lit';
import type { MissedCall } from '@ringdown/sdk';
import { moment, phone } from '../format.js';
import type { StringKey } from '../strings.js';
import { isStringKey, locale, t } from '../strings.js';
import { theme } from '../theme.js';
import { avatar, avatarStyles } from './avatar.js';

/** Calls nobody took, with the reason, so that somebody calls back. */
export class MissedList extends LitElement {
  static override properties = { missed: { attribute: false } };
  static override styles = [
    theme,
    avatarStyles,
    css`
      h2 {
        padding: 16px 16px 8px;
        font-size: 14px;
        font-weight: 650;
      }
      .none {
        padding: 0 16px 16px;
      }
      ul {
        max-height: 46vh;
        overflow-y: auto;
        padding-bottom: 8px;
      }
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: 0 12px;
        align-items: center;
        padding: 8px 16px;
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .name {
        font-weight: 600;
      }
      .why,
      time {
        font-size: 13px;
        color: var(--soft);
      }
      time {
        align-self: start;
        padding-top: 2px;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
  declare missed: readonly MissedCall[];

  override render() {
    return html`
      <section class="panel" aria-labelledby="title" data-testid="missed">
        <h2 id="title">${t('missed.title')}</h2>
        ${this.missed.length === 0
          ? html`<p class="none soft">${t('missed.none')}</p>`
          : html`<ul tabindex="0" aria-labelledby="title">
              ${this.missed.map((call) => this.#row(call))}
            </ul>`}
      </section>
    `;
  }

  #row({ from, at, reason, rang_ms }: MissedCall) {
    const key = `missed.${reason}`;
    const why = t(isStringKey(key) ? key : ('missed.fault' satisfies StringKey));
    const rang = rang_ms >= 1000 ? ` · ${t('missed.rang', { seconds: Math.round(rang_ms / 1000) })}` : '';
    const number = from.phone ? phone(from.phone) : '';
    return html`
      <li>
        ${avatar(from.display)}
        <div title=${number}>
          <div class="name">${from.display}</div>
          <div class="why">${why}${rang}</div>
        </div>
        <time datetime=${at}>${moment(at, Date.now(), locale)}</time>
      </li>
    `;
  }
}
customElements.define('rd-missed-list', MissedList);
