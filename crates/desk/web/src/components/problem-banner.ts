import { LitElement, css, html, nothing } from 'lit';
import * as icons from '../icons.js';
import type { DeskActions, Problem } from '../state.js';
import { isStringKey, t } from '../strings.js';
import { theme } from '../theme.js';

/** The red banner for what only the agent can mend. */
export class ProblemBanner extends LitElement {
  static override properties = { problem: { attribute: false }, actions: { attribute: false } };
  static override styles = [
    theme,
    css`
      .problem {
        margin-bottom: 16px;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: 4px 12px;
        align-items: start;
        padding: 14px 8px 14px 16px;
        border: 1px solid var(--stop);
        border-radius: var(--radius);
        background: var(--stop-tint);
      }
      .problem > svg {
        color: var(--stop);
        margin-top: 2px;
      }
      strong {
        display: block;
        color: var(--stop);
      }
      button.plain {
        margin: -6px 0;
        color: var(--ink);
      }
    `,
  ];
  declare problem: Problem | undefined;
  declare actions: DeskActions;

  override render() {
    return html`<div role="alert">${this.problem ? this.#banner(this.problem) : nothing}</div>`;
  }

  /** In the agent's language where we know the code; a newer daemon's own words otherwise. */
  #banner({ code, message, hint }: Problem) {
    const [what, how] = [`problem.${code}`, `problem.${code}.hint`];
    return html`
      <div class="problem" data-testid="problem">
        ${icons.alert}
        <div>
          <strong>${isStringKey(what) ? t(what) : message}</strong>
          <span>${isStringKey(how) ? t(how) : hint}</span>
        </div>
        <button class="plain" aria-label=${t('problem.close')} @click=${() => this.actions.dismissProblem()}>
          ${icons.cross}
        </button>
      </div>
    `;
  }
}
customElements.define('rd-problem-banner', ProblemBanner);
