import { LitElement, css, html, nothing } from 'lit';
import type { MissedCall, RungAgent } from '@ringdown/sdk';
import { moment, phone } from '../format.js';
import * as icons from '../icons.js';
import type { DeskActions } from '../state.js';
import type { StringKey } from '../strings.js';
import { isStringKey, locale, t } from '../strings.js';
import { theme } from '../theme.js';
import { avatar, avatarStyles } from './avatar.js';

/** Calls nobody took, with the reason, so that somebody calls back. */
export class MissedList extends LitElement {
  static override properties = { missed: { attribute: false }, dials: { attribute: false }, actions: { attribute: false } };
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
      details {
        grid-column: 2 / -1;
        font-size: 13px;
      }
      summary {
        width: fit-content;
        padding: 3px 0;
        border-radius: 6px;
        color: var(--soft);
        cursor: pointer;
      }
      details ul {
        max-height: none;
        padding: 2px 0 4px 16px;
      }
      details li {
        display: list-item;
        padding: 1px 0;
        list-style: disc;
      }
      .name {
        font-weight: 600;
      }
      .why,
      time {
        font-size: 13px;
        color: var(--soft);
      }
      .when {
        display: inline-flex;
        align-items: center;
        gap: 4px;
      }
      @media (max-width: 480px) {
        .when {
          flex-direction: column;
          align-items: end;
        }
      }
      time {
        align-self: start;
        padding-top: 2px;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
  declare missed: readonly MissedCall[];
  /** The agent may call back. */
  declare dials: boolean;
  declare actions: DeskActions;

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

  #row(missed: MissedCall) {
    const { from, at, rung } = missed;
    const number = from.phone ? phone(from.phone) : '';
    return html`
      <li data-testid="missed-call">
        ${avatar(from.display)}
        <div title=${number}>
          <div class="name">${from.display}</div>
          <div class="why">${reasonOf(missed)}</div>
        </div>
        <span class="when">
          <time datetime=${at}>${moment(at, Date.now(), locale)}</time>
          ${this.dials && from.phone
            ? html`<button
                class="plain"
                data-testid="call-back"
                aria-haspopup="dialog"
                aria-label=${t('dial.again', { name: from.display })}
                @click=${() => this.actions.askDial(number)}
              >
                ${icons.handset}
              </button>`
            : nothing}
        </span>
        ${rung && rung.length > 0
          ? html`<details data-testid="rung">
              <summary>${t('missed.rung')} (${rung.length})</summary>
              <ul>
                ${rung.map((agent) => html`<li>${rungOf(agent)}</li>`)}
              </ul>
            </details>`
          : nothing}
      </li>
    `;
  }
}
customElements.define('rd-missed-list', MissedList);

/** Why nobody talked, in words. */
function reasonOf({ reason, rang_ms, gave_up_after_ms }: MissedCall): string {
  if (reason === 'caller_gave_up') {
    const after = gave_up_after_ms ?? rang_ms;
    return t('missed.gaveUp', { seconds: Math.round(after / 1000) });
  }
  const key = `missed.${reason}`;
  const why = t(isStringKey(key) ? key : ('missed.fault' satisfies StringKey));
  return rang_ms < 1000 ? why : `${why} · ${t('missed.rang', { seconds: Math.round(rang_ms / 1000) })}`;
}

/** What one of those who were rung did. */
function rungOf({ name, outcome, rang_ms }: RungAgent): string {
  const key = `rung.${outcome}`;
  const seconds = Math.round(rang_ms / 1000);
  return isStringKey(key) ? t(key, { name, seconds }) : name;
}
