import { LitElement, html, nothing } from 'lit';
import * as icons from '../icons.js';
import { shortcutOf } from '../shortcuts.js';
import type { DeskActions, DeskState } from '../state.js';
import { emptyState, shownRinging } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { appStyles } from './app-styles.js';
import './balance-tag.js';
import './call-card.js';
import './dial-dialog.js';
import './elsewhere-panel.js';
import './incoming-list.js';
import './live-calls.js';
import './missed-list.js';
import './notices.js';
import './problem-banner.js';
import './ready-panel.js';
import './ring-card.js';
import './sent-on.js';
import './shortcut-list.js';
import './sign-in.js';
import './transfer-dialog.js';
import './wrap-up.js';

/** The whole page, drawn from one state. */
export class App extends LitElement {
  static override properties = { state: { attribute: false }, actions: { attribute: false } };
  static override styles = [theme, appStyles];
  declare state: DeskState;
  declare actions: DeskActions;

  constructor() {
    super();
    this.state = emptyState;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('keydown', this.#keydown);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('keydown', this.#keydown);
  }

  override render() {
    switch (this.state.phase) {
      case 'starting':
      case 'unreachable':
        return html`<main class="waiting"><p role="status">${t(`app.${this.state.phase}`)}</p></main>`;
      case 'signed_out':
        return html`<main><rd-sign-in .state=${this.state} .actions=${this.actions}></rd-sign-in></main>`;
      case 'desk':
        return this.#desk();
    }
  }

  #desk() {
    const { state, actions } = this;
    const shown = shownRinging(state);
    return html`
      ${this.#header()}
      <div class="columns">
        <main aria-label=${t('app.main')}>
          ${this.#connectionEnd()}
          <rd-problem-banner .problem=${state.problem} .actions=${actions}></rd-problem-banner>
          ${state.sentOn ? html`<rd-sent-on .sentOn=${state.sentOn} .actions=${actions}></rd-sent-on>` : nothing}
          ${this.#stage()} ${this.#live()}
        </main>
        <aside aria-label=${t('app.side')}>
          ${state.media === 'off'
            ? nothing
            : html`<rd-ready-panel .state=${state} .large=${false} .brief=${this.#explains()} .actions=${actions}></rd-ready-panel>`}
          <rd-incoming-list .ringing=${state.ringing} .shown=${shown?.id} .actions=${actions}></rd-incoming-list>
          <rd-missed-list .missed=${state.missed} .dials=${state.rights.includes('dial')} .actions=${actions}></rd-missed-list>
          <rd-shortcut-list></rd-shortcut-list>
        </aside>
      </div>
      <rd-transfer-dialog
        .open=${state.transferring}
        .caller=${state.call?.name ?? ''}
        .colleagues=${state.colleagues}
        .actions=${actions}
      ></rd-transfer-dialog>
      <rd-dial-dialog
        .view=${state.dial}
        .lines=${state.lines}
        .missed=${state.missed}
        .ready=${state.media === 'up' && !state.call}
        .actions=${actions}
      ></rd-dial-dialog>
      <rd-notices .notices=${state.notices} .urgent=${this.#urgent()} .actions=${actions}></rd-notices>
    `;
  }

  #header() {
    const { connection, balance, agentName, presence } = this.state;
    return html`
      <header>
        <span class="brand">${icons.mark}<span>Ringdown</span></span>
        <span class="connection ${connection}" role="status" data-testid="connection">
          <span class="dot"></span><span class="words">${t(`connection.${connection}`)}</span>
        </span>
        ${this.#dialButton()} ${this.#watchButton()}
        <rd-balance-tag .balance=${balance}></rd-balance-tag>
        <span class="agent">
          <span data-testid="agent">${agentName}</span>
          <span class="presence ${presence}" aria-label=${t('presence.label')} role="status">
            <span class="dot"></span><span data-testid="presence">${t(`presence.${presence}`)}</span>
          </span>
          <button class="plain" data-testid="sign-out" @click=${() => this.actions.signOut()}>${t('app.signOut')}</button>
        </span>
      </header>
    `;
  }

  /** The call first, then what rings, then how to get a call at all. */
  #stage() {
    const { state, actions } = this;
    const shown = shownRinging(state);
    const reconnecting = state.connection !== 'online';
    return html`
      ${state.call
        ? html`<rd-call-card .call=${state.call} .notes=${state.notes} .reconnecting=${reconnecting} .actions=${actions}></rd-call-card>`
        : nothing}
      ${shown ? html`<rd-ring-card .call=${shown} .actions=${actions}></rd-ring-card>` : nothing}
      ${state.call ? nothing : this.#idle(shown !== undefined)}
    `;
  }

  /** What fills the stage while no call does: the call that is elsewhere, finishing up, or how to be rung. */
  #idle(rings: boolean) {
    const { state, actions } = this;
    if (state.returning || (state.follows && state.media === 'off')) {
      return html`<rd-elsewhere-panel .state=${state} .actions=${actions}></rd-elsewhere-panel>`;
    }
    if (state.wrapUp) {
      return html`<rd-wrap-up .view=${state.wrapUp} .notes=${state.notes} .actions=${actions}></rd-wrap-up>`;
    }
    return this.#explains() || (state.media === 'off' && rings)
      ? html`<rd-ready-panel .state=${state} .large=${true} .actions=${actions}></rd-ready-panel>`
      : nothing;
  }

  /** Whether the stage itself says whether this window rings. */
  #explains(): boolean {
    const { state } = this;
    if (state.call || state.returning || state.wrapUp || shownRinging(state)) return false;
    // A supervisor's list takes the place of a panel that only says that nothing rings.
    return state.media === 'off' || !state.watching;
  }

  #dialButton() {
    const { rights, call } = this.state;
    if (!rights.includes('dial')) return nothing;
    return html`<button class="watch" data-testid="dial" aria-haspopup="dialog" ?disabled=${call !== undefined} @click=${() => this.actions.askDial('')}>
      ${icons.handset}${t('dial.show')}
    </button>`;
  }

  #watchButton() {
    const { rights, watching, live } = this.state;
    if (!rights.includes('supervise')) return nothing;
    return html`<button
      class="watch"
      data-testid="watch"
      aria-pressed=${watching ? 'true' : 'false'}
      @click=${() => this.actions.watch(!watching)}
    >
      ${icons.ear}${t('supervise.show')} ${watching ? html`<span class="number">${live.length}</span>` : nothing}
    </button>`;
  }

  #live() {
    const { watching, live, supervised, call } = this.state;
    if (!watching) return nothing;
    return html`<rd-live-calls
      .live=${live}
      .supervised=${supervised}
      .talks=${call !== undefined}
      .actions=${this.actions}
    ></rd-live-calls>`;
  }

  #connectionEnd() {
    const { connection } = this.state;
    if (connection !== 'replaced' && connection !== 'ended') return nothing;
    return html`
      <div class="panel ended" role="alert">
        <p>${t(`connection.${connection}Hint`)}</p>
        <button @click=${() => location.reload()}>${t('connection.reload')}</button>
      </div>
    `;
  }

  #urgent(): string {
    const newest = this.state.ringing.at(-1);
    return newest ? t('incoming.announce', { name: newest.name, line: newest.lineName }) : '';
  }

  readonly #keydown = (event: KeyboardEvent): void => {
    const shortcut = this.state.phase === 'desk' ? shortcutOf(event) : undefined;
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run(this.state, this.actions);
  };
}
customElements.define('rd-app', App);
