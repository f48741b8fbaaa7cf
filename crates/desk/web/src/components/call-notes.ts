import { LitElement, css, html, nothing } from 'lit';
import type { PropertyValues } from 'lit';
import type { DeskActions, NotesView } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** After this pause in typing, what was typed is saved; each time is kept as a form of the note. */
const PAUSE_MS = 1_200;
/** A note is for people to read; the daemon keeps no more. */
const NOTE_MAX = 4_000;

/** What the call was about, saved while it is written. */
export class CallNotes extends LitElement {
  static override properties = { call: { attribute: false }, notes: { attribute: false }, actions: { attribute: false } };
  static override styles = [
    theme,
    css`
      section {
        display: grid;
        gap: 12px;
        text-align: start;
      }
      label {
        display: grid;
        gap: 4px;
        font-size: 14px;
        font-weight: 600;
      }
      textarea,
      select {
        width: 100%;
        min-height: 44px;
        padding: 10px 12px;
        border: 1px solid var(--line-strong);
        border-radius: 10px;
        background: var(--surface);
        color: var(--ink);
        font: inherit;
        font-weight: 400;
      }
      textarea {
        min-height: 88px;
        resize: vertical;
      }
      .said {
        min-height: 1.5em;
        font-size: 13px;
      }
      .failed {
        color: var(--stop);
        font-weight: 600;
      }
    `,
  ];
  /** The call that is written about. */
  declare call: string;
  declare notes: NotesView;
  declare actions: DeskActions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #typed: string | undefined;
  #savedAs: string | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#save();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('call');
    if (before === undefined) return;
    // The words belong to the call they were typed for.
    this.#save(before);
    this.#typed = this.#savedAs = undefined;
  }

  override render() {
    const { note, outcome, outcomes } = this.notes;
    return html`
      <section aria-label=${t('notes.title')}>
        ${outcomes.length > 0
          ? html`<label>
              ${t('notes.outcome')}
              <select data-testid="outcome" @change=${this.#choose}>
                <option value="" ?selected=${outcome === ''}>${t('notes.noOutcome')}</option>
                ${outcomes.map((word) => html`<option ?selected=${word === outcome}>${word}</option>`)}
              </select>
            </label>`
          : nothing}
        <label>
          ${t('notes.note')}
          <textarea
            data-testid="note"
            rows="3"
            maxlength=${NOTE_MAX}
            aria-describedby="said"
            .value=${this.#typed ?? note}
            @input=${this.#type}
            @change=${() => this.#save()}
          ></textarea>
        </label>
        ${this.#said()}
      </section>
    `;
  }

  #said() {
    const { saved } = this.notes;
    return html`<p id="said" class="said ${saved === 'failed' ? 'failed' : 'soft'}" role="status" data-testid="note-saved">
      ${t(saved ? `notes.${saved}` : 'notes.hint')}
    </p>`;
  }

  readonly #type = (event: Event): void => {
    this.#typed = (event.target as HTMLTextAreaElement).value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), PAUSE_MS);
  };

  readonly #choose = (event: Event): void => {
    this.actions.annotate(this.call, { outcome: (event.target as HTMLSelectElement).value });
  };

  #save(call = this.call): void {
    clearTimeout(this.#timer);
    if (this.#typed === undefined || this.#typed === this.#savedAs) return;
    this.#savedAs = this.#typed;
    this.actions.annotate(call, { note: this.#typed });
  }
}
customElements.define('rd-call-notes', CallNotes);
