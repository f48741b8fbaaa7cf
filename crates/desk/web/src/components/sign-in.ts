import { LitElement, css, html, nothing } from 'lit';
import * as icons from '../icons.js';
import type { DeskActions, DeskState } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** The form for a one-time code. */
export class SignIn extends LitElement {
  static override properties = { state: { attribute: false }, actions: { attribute: false } };
  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        place-items: center;
        min-height: 100dvh;
        padding: 16px;
      }
      form {
        display: grid;
        gap: 16px;
        width: min(400px, 100%);
        padding: clamp(24px, 7vw, 40px);
      }
      .mark svg {
        width: 48px;
        height: 48px;
      }
      h1 {
        font-size: 22px;
        line-height: 1.25;
        letter-spacing: -0.01em;
      }
      label {
        display: grid;
        gap: 6px;
        font-weight: 600;
      }
      input {
        width: 100%;
        min-height: 48px;
        padding: 0 14px;
        border: 1px solid var(--line-strong);
        border-radius: 10px;
        background: var(--surface);
        color: var(--ink);
        font: 600 17px/1 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
        letter-spacing: 0.06em;
      }
      button {
        min-height: 48px;
      }
      .problem {
        display: flex;
        gap: 8px;
        color: var(--stop);
      }
    `,
  ];
  declare state: DeskState;
  declare actions: DeskActions;

  override render() {
    const { busy, problem } = this.state.signIn;
    return html`
      <form class="panel" aria-labelledby="title" @submit=${this.#submit}>
        <span class="mark">${icons.mark}</span>
        <div>
          <h1 id="title">${t('signIn.title')}</h1>
          <p class="soft">${t('signIn.text')}</p>
        </div>
        <label>
          ${t('signIn.code')}
          <input
            name="code"
            data-testid="code"
            required
            autocomplete="one-time-code"
            autocapitalize="off"
            spellcheck="false"
            maxlength="128"
            aria-describedby="problem"
            aria-invalid=${problem === 'refused' ? 'true' : 'false'}
          >
        </label>
        <div id="problem" role="alert">
          ${problem ? html`<p class="problem">${icons.alert}${t(`signIn.${problem}`)}</p>` : nothing}
        </div>
        <button class="brand" data-testid="sign-in" ?disabled=${busy}>
          ${busy ? t('signIn.busy') : t('signIn.button')}
        </button>
      </form>
    `;
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const code = new FormData(event.currentTarget as HTMLFormElement).get('code');
    this.actions.signIn(String(code ?? '').trim());
  }
}
customElements.define('rd-sign-in', SignIn);
