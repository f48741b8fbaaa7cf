import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { duration } from '../format.js';
import type { RingingView } from '../state.js';
import { t } from '../strings.js';

/** How long a call has rung, or waited and at which place. */
export function waiting({ rangAt, queuePosition }: RingingView, now: number): string {
  const time = duration(now - rangAt);
  return queuePosition === undefined
    ? t('incoming.ringing', { time })
    : t('incoming.queue', { time, place: queuePosition });
}

/** Where a ringing call comes from: who sent it on, or which group is called. */
export function origin({ transfer, group }: RingingView): TemplateResult | typeof nothing {
  if (transfer) {
    const { name, mode, returned } = transfer;
    const warm = mode === 'warm' ? 'incoming.byWarm' : 'incoming.by';
    return html`<span data-testid="transferred-by">${t(returned ? 'incoming.returned' : warm, { name })}</span>`;
  }
  return group ? html`<span data-testid="group">${t('incoming.group', { group })}</span>` : nothing;
}
