import { LitElement, css, html, nothing } from 'lit';
import type { Blocker } from '@ringdown/sdk';
import * as icons from '../icons.js';
import type { DeskActions, DeskState } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import './blocker-list.js';
import { panelStyles } from './panel-styles.js';

/** What the panel says or offers in other words already. */
const SAID_OTHERWISE: readonly Blocker[] = ['away', 'on_call', 'wrap_up', 'missed_rings'];

/** The one button that lets calls in: large while the agent is not ready, a quiet line after. */
export class ReadyPanel extends LitElement {
  static override properties = {
    state: { attribute: false },
    large: { attribute: false },
    brief: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    panelStyles,
    css`
      .line {
        padding: 12px 12px 12px 16px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 8px 12px;
      }
      .line strong {
        line-height: 1.3;
      }
      .status {
        display: flex;
        align-items: center;
        gap: 12px;
        min-width: 0;
      }
      .dot {
        flex: none;
        width: 12px;
        height: 12px;
        border-radius: 50%;
        background: var(--line-strong);
        forced-color-adjust: none;
      }
      .dot.up {
        background: var(--go);
        box-shadow: 0 0 0 4px var(--go-tint);
      }
      .dot.blocked,
      .dot.connecting,
      .dot.interrupted {
        background: var(--warn);
        box-shadow: 0 0 0 4px var(--warn-tint);
      }
    `,
  ];
  declare state: DeskState;
  declare large: boolean;
  /** The reasons are told beside it already. */
  declare brief: boolean;
  declare actions: DeskActions;

  override render() {
    return this.large ? this.#largePanel() : this.#line();
  }

  #largePanel() {
    const { media } = this.state;
    const isMissing = this.state.blockers.includes('missed_rings');
    return html`
      <section class="panel large" aria-labelledby="title" data-testid="ready-panel">
        <span class="disc ${isMissing ? 'warn' : ''}">${this.#icon()}</span>
        <h1 id="title">${this.#title()}</h1>
        <p class="soft">${this.#advice()}</p>
        ${media === 'off'
          ? html`<button class="brand" data-testid="go-ready" @click=${() => this.actions.goReady()}>
              ${icons.handset}${t(isMissing ? 'ready.again' : 'ready.button')}
            </button>`
          : nothing}
        ${media === 'connecting'
          ? html`<p role="status"><strong>${t('ready.busy')}</strong></p>
              <button data-testid="go-away" @click=${() => this.actions.goAway()}>${t('ready.cancel')}</button>`
          : nothing}
        <rd-blocker-list .blockers=${this.#reasons()}></rd-blocker-list>
      </section>
    `;
  }

  /** The sentences that say more than the panel does. */
  #reasons(): readonly Blocker[] {
    const { blockers, media } = this.state;
    const said = media === 'connecting' ? [...SAID_OTHERWISE, 'media_down'] : SAID_OTHERWISE;
    return blockers.filter((blocker) => !said.includes(blocker));
  }

  #icon() {
    const { blockers, media } = this.state;
    if (blockers.includes('missed_rings')) return icons.alert;
    return media === 'up' && this.#reasons().length === 0 ? icons.check : icons.headset;
  }

  #title(): string {
    const { blockers, media } = this.state;
    if (blockers.includes('missed_rings')) return t('ready.missedTitle');
    if (media !== 'up') return t('ready.title');
    return t(this.#reasons().length > 0 ? 'ready.reasons' : 'ready.idleTitle');
  }

  #advice() {
    const { blockers, media, presence } = this.state;
    if (blockers.includes('missed_rings')) return t('blocker.missed_rings');
    if (media === 'up') return this.#reasons().length > 0 ? nothing : t('ready.idleText');
    if (media === 'off' && presence === 'ready') return t('ready.elsewhere');
    if (media === 'off' && presence === 'busy') return t('ready.busyElsewhere');
    return t('ready.text');
  }

  #line() {
    const { media } = this.state;
    const reasons = this.#reasons().filter((blocker) => blocker !== 'media_down');
    return html`
      <section class="panel line" aria-label=${t('ready.region')}>
        <div class="row">
          <div class="status" role="status">
            <span class="dot ${reasons.length > 0 ? 'blocked' : media}"></span>
            <strong data-testid="media">${this.#media(reasons)}</strong>
          </div>
          <button data-testid="go-away" @click=${() => this.actions.goAway()}>${t('ready.away')}</button>
        </div>
        <rd-blocker-list .blockers=${this.brief ? [] : reasons}></rd-blocker-list>
      </section>
    `;
  }

  #media(reasons: readonly Blocker[]): string {
    const { media } = this.state;
    if (media === 'interrupted') return t('ready.soundInterrupted');
    if (media === 'connecting') return t('ready.busy');
    if (reasons.length > 0) return t('ready.reasons');
    if (this.state.call) return t('ready.afterCall');
    return t(this.state.wrapUp ? 'ready.afterWrapUp' : 'ready.here');
  }
}
customElements.define('rd-ready-panel', ReadyPanel);
