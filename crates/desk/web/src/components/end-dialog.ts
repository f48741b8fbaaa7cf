import { LitElement, html } from 'lit';
import type { LiveCall } from '@ringdown/sdk';
import * as icons from '../icons.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { dialogStyles } from './dialog-styles.js';

/** Asks once more before a supervisor ends somebody else's call. */
export class EndDialog extends LitElement {
  static override properties = {
    live: { attribute: false },
    confirmed: { attribute: false },
    closed: { attribute: false },
  };
  static override styles = [theme, dialogStyles];
  /** The call; the dialog is open while there is one. */
  declare live: LiveCall | undefined;
  declare confirmed: () => void;
  declare closed: () => void;

  override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.live && dialog && !dialog.open) dialog.showModal();
    else if (!this.live && dialog?.open) dialog.close();
  }

  override render() {
    const name = this.live?.from.display ?? '';
    return html`
      <dialog aria-labelledby="title" aria-describedby="text" data-testid="end-dialog" @close=${() => this.closed()}>
        <div class="body">
          <h2 id="title">${t('supervise.endTitle', { name })}</h2>
          <p id="text">${t('supervise.endText')}</p>
          <div class="acts">
            <button autofocus data-testid="end-keep" @click=${() => this.closed()}>${t('supervise.keep')}</button>
            <button class="stop" data-testid="end-confirm" @click=${this.#confirm}>${icons.hangUp}${t('supervise.endNow')}</button>
          </div>
        </div>
      </dialog>
    `;
  }

  readonly #confirm = (): void => {
    this.confirmed();
    this.closed();
  };
}
customElements.define('rd-end-dialog', EndDialog);
