import { LitElement, css, html, nothing } from 'lit';
import type { PropertyValues } from 'lit';
import type { Colleague, Colleagues, GroupBrief, TransferMode, TransferTarget } from '@ringdown/sdk';
import * as icons from '../icons.js';
import type { DeskActions } from '../state.js';
import { canBeRung } from '../state.js';
import { t } from '../strings.js';
import { theme } from '../theme.js';
import { dialogStyles } from './dialog-styles.js';

/** A person or group the call can go to, as one row of the list. */
interface Choice {
  target: TransferTarget;
  name: string;
  /** What they do now, in words. */
  says: string;
  free: boolean;
  dot: string;
}

/** Asks where the call is to go, and whether the two agents talk first. */
export class TransferDialog extends LitElement {
  static override properties = {
    open: { attribute: false },
    caller: { attribute: false },
    colleagues: { attribute: false },
    actions: { attribute: false },
    search: { state: true },
    chosen: { state: true },
  };
  static override styles = [
    theme,
    dialogStyles,
    css`
      input[type='search'] {
        width: 100%;
        min-height: 44px;
        padding: 0 12px;
        border: 1px solid var(--line-strong);
        border-radius: 10px;
        background: var(--surface);
        color: var(--ink);
        font: inherit;
      }
      .list {
        min-height: 120px;
        max-height: min(340px, 42dvh);
        overflow-y: auto;
        margin: 0 -6px;
        padding: 3px 6px;
      }
      fieldset {
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 6px 0 2px;
        color: var(--soft);
        font-size: 13px;
        font-weight: 600;
      }
      .choice {
        display: flex;
        align-items: center;
        gap: 10px;
        min-height: 44px;
        margin-bottom: 4px;
        padding: 6px 10px;
        border: 1px solid var(--line);
        border-radius: 10px;
        cursor: pointer;
      }
      .choice:has(:checked) {
        border-color: var(--brand);
        background: var(--brand-tint);
      }
      input[type='radio'] {
        flex: none;
        width: 18px;
        height: 18px;
        margin: 0;
        accent-color: var(--brand);
      }
      .what {
        display: flex;
        flex: 1;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 10px;
        min-width: 0;
      }
      .name {
        overflow-wrap: anywhere;
      }
      .says {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        color: var(--soft);
        font-size: 13px;
      }
      .dot {
        width: 9px;
        height: 9px;
        border-radius: 50%;
        background: var(--line-strong);
        forced-color-adjust: none;
      }
      .dot.ready {
        background: var(--go);
      }
      .dot.busy {
        background: var(--stop);
      }
      .dot.wrap_up {
        background: var(--warn);
      }
      .told {
        min-height: 1.5em;
      }
    `,
  ];
  declare open: boolean;
  /** The name of who is to be sent on. */
  declare caller: string;
  declare colleagues: Colleagues | undefined;
  declare actions: DeskActions;
  declare search: string;
  declare chosen: TransferTarget | undefined;

  constructor() {
    super();
    this.search = '';
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('open') || this.open) return;
    this.search = '';
    this.chosen = undefined;
  }

  override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.open && dialog && !dialog.open) dialog.showModal();
    else if (!this.open && dialog?.open) dialog.close();
  }

  override render() {
    const choices = this.#choices();
    const chosen = choices.find(({ target }) => isSame(target, this.chosen));
    return html`
      <dialog aria-labelledby="title" data-testid="transfer-dialog" @close=${() => this.actions.askTransfer(false)}>
        <form class="body" method="dialog" @submit=${(event: Event) => event.preventDefault()} @keydown=${this.#keydown}>
          <h2 id="title">${t('transfer.title', { name: this.caller })}</h2>
          <input
            type="search"
            autofocus
            autocomplete="off"
            data-testid="transfer-search"
            aria-label=${t('transfer.search')}
            placeholder=${t('transfer.search')}
            .value=${this.search}
            @input=${(event: Event) => (this.search = (event.target as HTMLInputElement).value)}
          >
          ${this.#list(choices)}
          <p class="told soft" role="status" data-testid="transfer-told">${this.#told(choices, chosen)}</p>
          <div class="acts">
            ${this.#button('warm', icons.people, chosen)} ${this.#button('blind', icons.transfer, chosen)}
            <button type="button" data-testid="transfer-close" @click=${() => this.actions.askTransfer(false)}>
              ${t('transfer.close')}
            </button>
          </div>
        </form>
      </dialog>
    `;
  }

  #button(mode: TransferMode, icon: unknown, chosen: Choice | undefined) {
    return html`<button
      type="button"
      class=${mode === 'warm' ? 'brand' : ''}
      data-testid="transfer-${mode}"
      ?disabled=${!chosen?.free}
      @click=${() => chosen && this.actions.transfer(chosen.target, mode)}
    >
      ${icon}${t(`transfer.${mode}`)}
    </button>`;
  }

  #list(choices: Choice[]) {
    const [agents, groups] = [choices.filter(isAgent), choices.filter((choice) => !isAgent(choice))];
    return html`<div class="list">
      ${agents.length > 0 ? this.#rows(t('transfer.agents'), agents) : nothing}
      ${groups.length > 0 ? this.#rows(t('transfer.groups'), groups) : nothing}
    </div>`;
  }

  #rows(legend: string, choices: Choice[]) {
    return html`<fieldset>
      <legend>${legend}</legend>
      ${choices.map(
        ({ target, name, says, dot }) => html`
          <label class="choice" data-testid="transfer-target">
            <input
              type="radio"
              name="target"
              .checked=${isSame(target, this.chosen)}
              @change=${() => (this.chosen = target)}
            >
            <span class="what">
              <span class="name">${name}</span>
              <span class="says"><span class="dot ${dot}"></span>${says}</span>
            </span>
          </label>
        `,
      )}
    </fieldset>`;
  }

  #choices(): Choice[] {
    const { agents, groups } = this.colleagues ?? { agents: [], groups: [] };
    const wanted = this.search.trim().toLocaleLowerCase();
    return [...agents.map(ofAgent).sort(byFree), ...groups.map(ofGroup)].filter(({ name }) =>
      name.toLocaleLowerCase().includes(wanted),
    );
  }

  #told(choices: Choice[], chosen: Choice | undefined): string {
    if (!this.colleagues) return t('transfer.loading');
    if (choices.length === 0) return t(this.search ? 'transfer.none' : 'transfer.alone');
    if (chosen) return t(chosen.free ? 'transfer.can' : 'transfer.cannot', { name: chosen.name });
    return this.search ? t('transfer.found', { count: choices.length }) : t('transfer.choose');
  }

  /** Down from the search goes to the first of the list; Enter there chooses the only one. */
  readonly #keydown = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLInputElement) || event.target.type !== 'search') return;
    const [first, second] = this.#choices();
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      this.renderRoot.querySelector<HTMLElement>('input[type=radio]')?.focus();
    } else if (event.key === 'Enter' && first && !second) {
      this.chosen = first.target;
    }
  };
}
customElements.define('rd-transfer-dialog', TransferDialog);

function ofAgent(colleague: Colleague): Choice {
  const { agent, name, presence } = colleague;
  const target = { kind: 'agent', id: agent } as const;
  return { target, name, says: t(`presence.${presence}`), free: canBeRung(colleague), dot: presence };
}

function ofGroup(brief: GroupBrief): Choice {
  const { group, name, ready } = brief;
  const target = { kind: 'group', id: group } as const;
  const free = canBeRung(brief);
  return { target, name, says: t('transfer.ready', { count: ready }), free, dot: free ? 'ready' : '' };
}

function isAgent({ target }: Choice): boolean {
  return target.kind === 'agent';
}

function isSame(one: TransferTarget, other: TransferTarget | undefined): boolean {
  return one.kind === other?.kind && one.id === other.id;
}

/** Who can be rung comes first; otherwise by name. */
function byFree(one: Choice, other: Choice): number {
  return Number(other.free) - Number(one.free) || one.name.localeCompare(other.name);
}
