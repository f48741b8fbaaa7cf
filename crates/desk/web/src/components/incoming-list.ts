import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import * as icons from '../icons.js';
import type { DeskActions, RingingView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { avatar, avatarStyles } from './avatar.js';
import { origin, waiting } from './ring-facts.js';
import { Ticking } from './ticking.js';

/** Every call that rings for this agent. */
export class IncomingList extends LitElement {
  static override properties = {
    ringing: { attribute: false },
    shown: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    avatarStyles,
    css`
      h2 {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 16px 16px 8px;
        font-size: 14px;
        font-weight: 650;
      }
      .count {
        min-width: 22px;
        padding: 0 7px;
        border-radius: 999px;
        background: var(--go);
        color: var(--on-go);
        font-size: 13px;
        text-align: center;
      }
      .none {
        padding: 0 16px 16px;
      }
      ul {
        padding: 0 8px 8px;
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto auto;
        align-items: center;
        gap: 6px;
        padding: 4px;
        border-radius: 10px;
      }
      li.shown {
        background: var(--go-tint);
      }
      .who {
        justify-content: start;
        gap: 12px;
        min-width: 0;
        min-height: 52px;
        padding: 4px;
        border: 0;
        border-radius: 8px;
        background: none;
        text-align: start;
        font-weight: 400;
      }
      .text {
        min-width: 0;
        line-height: 1.35;
      }
      .name,
      .sub {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .name {
        font-weight: 600;
      }
      .sub {
        color: var(--soft);
        font-size: 13px;
        font-variant-numeric: tabular-nums;
      }
      .why {
        color: var(--warn);
      }
      .act {
        width: 42px;
        min-height: 42px;
        padding: 0;
        font-size: 17px;
      }
    `,
  ];
  declare ringing: RingingView[];
  /** The id of the call whose card is open. */
  declare shown: string | undefined;
  declare actions: DeskActions;

  constructor() {
    super();
    new Ticking(this, () => this.ringing.length > 0);
  }

  override render() {
    const { length } = this.ringing;
    return html`
      <section class="panel" aria-labelledby="title" data-testid="incoming">
        <h2 id="title">${t('incoming.title')} ${length > 0 ? html`<span class="count">${length}</span>` : ''}</h2>
        ${length === 0
          ? html`<p class="none soft">${t('incoming.none')}</p>`
          : html`<ul>
              ${repeat(
                this.ringing,
                ({ id }) => id,
                (call) => this.#row(call),
              )}
            </ul>`}
      </section>
    `;
  }

  #row(call: RingingView) {
    const { id, name, claimable, why } = call;
    const shown = id === this.shown;
    return html`
      <li class=${shown ? 'shown' : ''} data-testid="incoming-call">
        <button
          class="who"
          aria-pressed=${shown ? 'true' : 'false'}
          @click=${() => this.actions.select(id)}
        >
          ${avatar(name)}
          <span class="text">
            <span class="name">${name}</span>
            ${call.transfer || call.group ? html`<span class="sub">${origin(call)}</span>` : nothing}
            ${claimable
              ? html`<span class="sub">${waiting(call, this.actions.now())}</span>`
              : html`<span class="sub why" data-testid="not-claimable">${t(`incoming.${why ?? 'not_ready'}`)}</span>`}
          </span>
        </button>
        <button
          class="act refuse"
          data-testid="list-decline"
          aria-label=${t('incoming.declineName', { name })}
          @click=${() => this.actions.decline(id)}
        >
          ${icons.cross}
        </button>
        <button
          class="act go"
          data-testid="list-accept"
          aria-label=${t('incoming.acceptName', { name })}
          ?disabled=${!claimable}
          @click=${() => this.actions.accept(id)}
        >
          ${icons.handset}
        </button>
      </li>
    `;
  }
}
customElements.define('rd-incoming-list', IncomingList);
