/** What was typed about a call outlives a reload of the page: the daemon does not say it again. */

const KEY = 'ringdown.notes';

export interface Draft {
  call: string;
  note: string;
  outcome: string;
}

export function recallDraft(call: string): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Draft>;
    if (kept.call === call) return { call, note: kept.note ?? '', outcome: kept.outcome ?? '' };
  } catch {
    // Nothing was kept, or nothing can be.
  }
  return { call, note: '', outcome: '' };
}

/** Only the newest call's words are kept. */
export function keepDraft(draft: Draft | undefined): void {
  try {
    if (draft) sessionStorage.setItem(KEY, JSON.stringify(draft));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Then a reload loses what the field showed; the daemon has it all the same.
  }
}
