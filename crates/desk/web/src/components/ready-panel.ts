import { LitElement, css, html, nothing } from 'lit';
import * as icons from '../icons.js';
import type { DeskActions, DeskState } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** The one button that lets calls in: large while the agent is not ready, a quiet line after. */
export class ReadyPanel extends LitElement {
  static override properties = {
    state: { attribute: false },
    large: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    css`
      .large {
        display: grid;
        justify-items: center;
        gap: 16px;
        padding: clamp(28px, 7vw, 64px) clamp(16px, 5vw, 48px);
        text-align: center;
      }
      @media (min-width: 861px) {
        .large {
          align-content: center;
          min-height: min(560px, 100dvh - 150px);
        }
      }
      .disc {
        display: grid;
        place-items: center;
        width: 88px;
        height: 88px;
        border-radius: 50%;
        background: var(--brand-tint);
        color: var(--brand);
        font-size: 34px;
      }
      h1 {
        font-size: clamp(22px, 5vw, 28px);
        line-height: 1.2;
        letter-spacing: -0.015em;
      }
      .large p {
        max-width: 42ch;
      }
      .large button.brand {
        min-height: 60px;
        padding: 0 clamp(28px, 8vw, 56px);
        font-size: 18px;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 8px 12px;
        padding: 12px 12px 12px 16px;
      }
      .line strong {
        line-height: 1.3;
      }
      .status {
        display: flex;
        align-items: center;
        gap: 12px;
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
      .dot.connecting,
      .dot.interrupted {
        background: var(--warn);
        box-shadow: 0 0 0 4px var(--warn-tint);
      }
    `,
  ];
  declare state: DeskState;
  declare large: boolean;
  declare actions: DeskActions;

  override render() {
    return this.large ? this.#largePanel() : this.#line();
  }

  #largePanel() {
    const { media } = this.state;
    const settingUp = media === 'connecting';
    return html`
      <section class="panel large" aria-labelledby="title" data-testid="ready-panel">
        <span class="disc">${media === 'up' ? icons.check : icons.headset}</span>
        <h1 id="title">${t(media === 'up' ? 'ready.idleTitle' : 'ready.title')}</h1>
        <p class="soft">${this.#advice()}</p>
        ${media === 'off'
          ? html`<button class="brand" data-testid="go-ready" @click=${() => this.actions.goReady()}>
              ${icons.handset}${t('ready.button')}
            </button>`
          : nothing}
        ${settingUp
          ? html`<p role="status"><strong>${t('ready.busy')}</strong></p>
              <button data-testid="go-away" @click=${() => this.actions.goAway()}>${t('ready.cancel')}</button>`
          : nothing}
      </section>
    `;
  }

  #advice(): string {
    const { media, presence } = this.state;
    if (media === 'up') return t('ready.idleText');
    if (media === 'off' && presence === 'ready') return t('ready.elsewhere');
    if (media === 'off' && presence === 'busy') return t('ready.busyElsewhere');
    return t('ready.text');
  }

  #line() {
    const { media } = this.state;
    return html`
      <section class="panel line" aria-label=${t('ready.region')}>
        <div class="status" role="status">
          <span class="dot ${media}"></span>
          <strong data-testid="media">${this.#media()}</strong>
        </div>
        <button data-testid="go-away" @click=${() => this.actions.goAway()}>${t('ready.away')}</button>
      </section>
    `;
  }

  #media(): string {
    const { media } = this.state;
    if (media === 'interrupted') return t('ready.soundInterrupted');
    return t(media === 'up' ? 'ready.here' : 'ready.busy');
  }
}
customElements.define('rd-ready-panel', ReadyPanel);
