import { LitElement, css, html, nothing } from 'lit';
import type { LineBrief, MissedCall, Permit } from '@ringdown/sdk';
import { phone } from '../format.js';
import * as icons from '../icons.js';
import { permitWords, refusalWords, strikeWords } from '../permit-words.js';
import type { DeskActions, DialView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { dialogStyles } from './dialog-styles.js';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '0', '⌫'] as const;

/** Asks whom to call and from which line, says what they permit, and calls or asks them. */
export class DialDialog extends LitElement {
  static override properties = {
    view: { attribute: false },
    lines: { attribute: false },
    missed: { attribute: false },
    ready: { attribute: false },
    actions: { attribute: false },
  };
  static override styles = [
    theme,
    dialogStyles,
    css`
      label {
        display: grid;
        gap: 4px;
        color: var(--soft);
        font-size: 13px;
        font-weight: 600;
      }
      input,
      select {
        width: 100%;
        min-height: 48px;
        padding: 0 12px;
        border: 1px solid var(--line-strong);
        border-radius: 10px;
        background: var(--surface);
        color: var(--ink);
        font: inherit;
        font-size: 17px;
      }
      input {
        font-variant-numeric: tabular-nums;
      }
      .keys {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 8px;
      }
      .keys button {
        min-height: 44px;
        font-size: 19px;
      }
      .told {
        display: grid;
        gap: 4px;
        min-height: 3em;
      }
      .why {
        color: var(--warn);
      }
    `,
  ];
  /** Absent while the dialog is closed. */
  declare view: DialView | undefined;
  declare lines: readonly LineBrief[];
  declare missed: readonly MissedCall[];
  /** Whether this window can carry a call. */
  declare ready: boolean;
  declare actions: DeskActions;

  override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.view && dialog && !dialog.open) dialog.showModal();
    else if (!this.view && dialog?.open) dialog.close();
  }

  override render() {
    return html`
      <dialog aria-labelledby="title" data-testid="dial-dialog" @close=${() => this.view && this.actions.askDial(undefined)}>
        ${this.view ? this.#body(this.view) : nothing}
      </dialog>
    `;
  }

  #body(view: DialView) {
    return html`<form class="body" method="dialog" @submit=${this.#submit}>
      <h2 id="title">${t('dial.title')}</h2>
      <label>
        ${t('dial.number')}
        <input
          type="tel"
          autofocus
          autocomplete="off"
          list="known"
          placeholder="+49 170 1234567"
          data-testid="dial-number"
          .value=${view.to}
          @input=${(event: Event) => this.actions.setDial({ to: (event.target as HTMLInputElement).value }, false)}
        >
      </label>
      <datalist id="known">${this.#known()}</datalist>
      ${this.lines.length > 1 ? this.#choice(view) : nothing}
      <div class="keys" role="group" aria-label=${t('dial.keys')}>
        ${KEYS.map((key) => html`<button type="button" aria-label=${key === '⌫' ? t('dial.erase') : key} @click=${() => this.#press(view, key)}>${key}</button>`)}
      </div>
      <div class="told" role="status" data-testid="dial-told">${this.#told(view)}</div>
      <div class="acts">
        ${this.#acts(view)}
        <button type="button" data-testid="dial-close" @click=${() => this.actions.askDial(undefined)}>${t('dial.close')}</button>
      </div>
    </form>`;
  }

  /** Who called and was missed is most often who is called back. */
  #known() {
    const seen = new Set<string>();
    return this.missed.map(({ from }) => {
      if (!from.phone || seen.has(from.phone)) return nothing;
      seen.add(from.phone);
      return html`<option value=${phone(from.phone)}>${from.display}</option>`;
    });
  }

  #choice(view: DialView) {
    return html`<label>
      ${t('dial.line')}
      <select data-testid="dial-line" @change=${(event: Event) => this.actions.setDial({ line: (event.target as HTMLSelectElement).value }, view.to !== '')}>
        ${this.lines.map(({ line, name }) => html`<option value=${line} ?selected=${line === view.line}>${name}</option>`)}
      </select>
    </label>`;
  }

  #told({ busy, permit, refused }: DialView) {
    if (busy) return html`<p class="soft">${t('dial.asking')}</p>`;
    if (refused) return html`<p class="why">${refused}</p>`;
    if (!permit) return html`<p class="soft">${t(this.ready ? 'dial.hint' : 'dial.goReady')}</p>`;
    const now = this.actions.now();
    const strikes = strikeWords(permit);
    const why = this.#why(permit, now);
    return html`
      <p data-testid="dial-permit">${permitWords(permit, now)}</p>
      ${strikes ? html`<p class="why">${strikes}</p>` : nothing} ${why ? html`<p class="why">${why}</p>` : nothing}
      ${this.ready ? nothing : html`<p class="why">${t('dial.goReady')}</p>`}
    `;
  }

  /** What is in the way; that there is no permission is said already. */
  #why({ call_refused, ask_refused }: Permit, now: number): string {
    if (!call_refused) return '';
    const refusal = call_refused.blocker === 'no_permission' ? ask_refused : call_refused;
    if (!refusal) return '';
    const { blocker, not_before } = refusal;
    return refusalWords(blocker, not_before === undefined ? undefined : new Date(not_before), now);
  }

  #acts({ to, busy, permit }: DialView) {
    if (!permit) {
      return html`<button class="brand" data-testid="dial-check" ?disabled=${busy || to.trim() === ''}>${t('dial.check')}</button>`;
    }
    if (permit.call_refused?.blocker === 'no_permission') {
      return html`<button
        type="button"
        class="brand"
        data-testid="dial-ask"
        ?disabled=${busy || permit.ask_refused !== undefined}
        @click=${() => this.actions.askPermission()}
      >
        ${t('dial.ask')}
      </button>`;
    }
    return html`<button
      type="button"
      class="go"
      data-testid="dial-call"
      ?disabled=${busy || !this.ready || permit.call_refused !== undefined}
      @click=${() => this.actions.dial()}
    >
      ${icons.handset}${t('dial.call')}
    </button>`;
  }

  #press({ to }: DialView, key: (typeof KEYS)[number]): void {
    this.actions.setDial({ to: key === '⌫' ? to.slice(0, -1) : to + key }, false);
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    if (this.view && !this.view.busy && this.view.to.trim() !== '') this.actions.setDial({}, true);
  };
}
customElements.define('rd-dial-dialog', DialDialog);
