import { LitElement, html, nothing } from 'lit';
import { phone } from '../format.js';
import * as icons from '../icons.js';
import type { DeskActions, RingingView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { avatar, avatarStyles } from './avatar.js';
import { cardStyles } from './card-styles.js';
import { origin, waiting } from './ring-facts.js';
import { Ticking } from './ticking.js';

/** The contact card of a ringing call. Announces itself but never takes the focus. */
export class RingCard extends LitElement {
  static override properties = { call: { attribute: false }, actions: { attribute: false } };
  static override styles = [theme, avatarStyles, cardStyles];
  declare call: RingingView;
  declare actions: DeskActions;

  constructor() {
    super();
    new Ticking(this, () => true);
  }

  override render() {
    const { id, name, claimable, why } = this.call;
    return html`
      <section class="panel card ringing" role="alertdialog" aria-labelledby="state name" aria-describedby="line" data-testid="ring-card">
        <p id="state" class="state go-text">${t('card.incoming')}</p>
        ${avatar(name, claimable ? 'large rings' : 'large')}
        <div>
          <h1 id="name" data-testid="card-name">${name}</h1>
          ${this.call.phone ? html`<p class="soft">${phone(this.call.phone)}</p>` : ''}
          <p id="line" class="soft">${t('card.line', { line: this.call.lineName })}</p>
        </div>
        <p class="soft clock">
          <strong class="origin">${origin(this.call)}</strong>
          <span data-testid="waiting">${waiting(this.call, this.actions.now())}</span>
        </p>
        <p role="status">
          ${claimable
            ? nothing
            : html`<span class="warn" data-testid="card-not-claimable">${t(`incoming.${why ?? 'not_ready'}`)}</span>
                ${why === 'on_call' || why === 'wrap_up' ? html`<br><span class="soft">${t('incoming.asSoon')}</span>` : nothing}`}
        </p>
        <div class="choices">
          <button
            class="refuse"
            data-testid="card-decline"
            aria-label=${t('incoming.declineName', { name })}
            aria-keyshortcuts="Control+Shift+D"
            @click=${() => this.actions.decline(id)}
          >
            ${icons.cross}${t('incoming.decline')}
          </button>
          <button
            class="go"
            data-testid="card-accept"
            aria-label=${t('incoming.acceptName', { name })}
            aria-keyshortcuts="Control+Shift+A"
            ?disabled=${!claimable}
            @click=${() => this.actions.accept(id)}
          >
            ${icons.handset}${t('incoming.accept')}
          </button>
        </div>
      </section>
    `;
  }
}
customElements.define('rd-ring-card', RingCard);
