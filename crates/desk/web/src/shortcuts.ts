import type { DeskActions, DeskState } from './state.js';
import { acceptable, movable, shownRinging } from './state.js';
import type { StringKey } from './strings.js';

/** One key together with Control and Shift. */
export interface Shortcut {
  key: string;
  label: StringKey;
  run(state: DeskState, actions: DeskActions): void;
}

export const shortcuts: readonly Shortcut[] = [
  {
    key: 'A',
    label: 'shortcuts.accept',
    run: (state, actions) => {
      const ringing = acceptable(state);
      if (ringing) actions.accept(ringing.id);
    },
  },
  {
    key: 'D',
    label: 'shortcuts.decline',
    run: (state, actions) => {
      const ringing = shownRinging(state);
      if (ringing) actions.decline(ringing.id);
    },
  },
  {
    key: 'M',
    label: 'shortcuts.mute',
    run: (state, actions) => {
      if (state.call?.open && !state.call.mutedBySupervisor) actions.mute(!state.call.muted);
    },
  },
  {
    key: 'H',
    label: 'shortcuts.hangUp',
    run: (state, actions) => {
      if (state.call) actions.hangUp();
    },
  },
  {
    key: 'L',
    label: 'shortcuts.hold',
    run: (state, actions) => {
      if (state.call && movable(state.call)) actions.hold(!state.call.held);
    },
  },
  {
    key: 'X',
    label: 'shortcuts.transfer',
    run: (state, actions) => {
      if (state.call && movable(state.call)) actions.askTransfer(true);
    },
  },
  {
    key: 'B',
    label: 'shortcuts.takeBack',
    run: (state, actions) => {
      if (state.sentOn) actions.takeBack();
    },
  },
];

/** The shortcut that a key press means, if any. */
export function shortcutOf(event: KeyboardEvent): Shortcut | undefined {
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey || event.repeat) return undefined;
  return shortcuts.find(({ key }) => key === event.key.toUpperCase());
}
