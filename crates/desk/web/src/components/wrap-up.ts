import { LitElement, css, html, nothing } from 'lit';
import { duration, isoDuration } from '../format.js';
import * as icons from '../icons.js';
import type { DeskActions, NotesView, WrapUpView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import './call-notes.js';
import { panelStyles } from './panel-styles.js';
import { Ticking } from './ticking.js';

/** Finishing up after a call: how long still, what is to be written, and the button that ends it. */
export class WrapUp extends LitElement {
  static override properties = {
    view: { attribute: false },
    notes: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    panelStyles,
    css`
      .left {
        font-size: 22px;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      rd-call-notes {
        width: min(460px, 100%);
      }
    `,
  ];
  declare view: WrapUpView;
  declare notes: NotesView;
  declare actions: DeskActions;

  constructor() {
    super();
    new Ticking(this, () => this.view.until !== undefined);
  }

  override render() {
    const { call, name } = this.view;
    return html`
      <section class="panel large" aria-labelledby="title" data-testid="wrap-up">
        <span class="disc">${icons.pencil}</span>
        <div>
          <h1 id="title">${t('wrapUp.title')}</h1>
          ${name ? html`<p class="soft">${t('wrapUp.after', { name })}</p>` : nothing}
        </div>
        ${this.#left()}
        <button class="brand" data-testid="end-wrap-up" @click=${() => this.actions.endWrapUp()}>
          ${icons.check}${t('wrapUp.now')}
        </button>
        ${call
          ? html`<rd-call-notes .call=${call} .notes=${this.notes} .actions=${this.actions}></rd-call-notes>`
          : nothing}
      </section>
    `;
  }

  #left() {
    const { until } = this.view;
    if (until === undefined) return html`<p class="soft">${t('wrapUp.open')}</p>`;
    // Rounded up, so that "0:00" is the end.
    const left = Math.max(0, Math.ceil((until - this.actions.now()) / 1000) * 1000);
    return html`<p class="left" role="timer" data-testid="wrap-up-left">
      <time datetime=${isoDuration(left)}>${t('wrapUp.until', { time: duration(left) })}</time>
    </p>`;
  }
}
customElements.define('rd-wrap-up', WrapUp);
