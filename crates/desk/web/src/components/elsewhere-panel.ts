import { LitElement, html, nothing } from 'lit';
import * as icons from '../icons.js';
import type { DeskActions, DeskState } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { panelStyles } from './panel-styles.js';

/** What happens in another window, and the one button that brings it into this one. */
export class ElsewherePanel extends LitElement {
  static override properties = { state: { attribute: false }, actions: { attribute: false } };
  static override styles = [theme, panelStyles];
  declare state: DeskState;
  declare actions: DeskActions;

  override render() {
    return this.state.follows ? this.#otherTab() : this.#returning();
  }

  #otherTab() {
    const { returning } = this.state;
    return html`
      <section class="panel large" aria-labelledby="title" data-testid="other-tab">
        <span class="disc">${icons.window}</span>
        <h1 id="title">${t('tab.title')}</h1>
        <p class="soft" role="status">${returning ? t('tab.onCall', { name: returning.name }) : t('tab.text')}</p>
        <button class="brand" data-testid="use-tab" @click=${() => this.actions.useThisTab()}>${t('tab.use')}</button>
      </section>
    `;
  }

  #returning() {
    const { returning } = this.state;
    if (!returning) return nothing;
    return html`
      <section class="panel large" role="alertdialog" aria-labelledby="title" aria-describedby="text" data-testid="returning">
        <span class="disc warn">${icons.handset}</span>
        <h1 id="title">${t('return.title', { name: returning.name })}</h1>
        ${returning.underWay
          ? html`<p id="text" role="status"><strong>${t('return.underWay')}</strong></p>`
          : html`<p id="text" class="soft">${t('return.text')}</p>
              <button class="brand" data-testid="return-call" @click=${() => this.actions.useThisTab()}>
                ${icons.back}${t('return.button')}
              </button>`}
      </section>
    `;
  }
}
customElements.define('rd-elsewhere-panel', ElsewherePanel);
