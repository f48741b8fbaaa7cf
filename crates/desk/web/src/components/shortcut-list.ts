import { LitElement, css, html } from 'lit';
import { shortcuts } from '../shortcuts.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';

/** The keyboard shortcuts, for those who want to know. */
export class ShortcutList extends LitElement {
  static override styles = [
    theme,
    css`
      summary {
        padding: 8px 16px;
        border-radius: 8px;
        color: var(--soft);
        font-size: 13px;
        cursor: pointer;
      }
      dl {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 6px 12px;
        margin: 0;
        padding: 4px 16px 12px;
        font-size: 13px;
      }
      dd {
        margin: 0;
      }
      kbd {
        padding: 1px 6px;
        border: 1px solid var(--line);
        border-bottom-width: 2px;
        border-radius: 5px;
        background: var(--surface);
        font: inherit;
      }
    `,
  ];

  override render() {
    return html`
      <details>
        <summary>${t('shortcuts.title')}</summary>
        <dl>
          ${shortcuts.map(
            ({ key, label }) => html`
              <dt>${t(label)}</dt>
              <dd><kbd>Ctrl</kbd> <kbd>Shift</kbd> <kbd>${key}</kbd></dd>
            `,
          )}
        </dl>
      </details>
    `;
  }
}
customElements.define('rd-shortcut-list', ShortcutList);
