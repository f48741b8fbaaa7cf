import type { DialBlocker, Permit } from '@ringdown/sdk';
import { moment } from './format.js';
import { locale, t } from './strings.js';

/** Why a contact cannot be called or asked, and from when on they can. */
export function refusalWords(blocker: DialBlocker, notBefore: Date | undefined, now: number): string {
  const why = t(`dial.no.${blocker}`);
  return notBefore ? `${why} ${t('dial.from', { time: moment(notBefore.toISOString(), now, locale) })}` : why;
}

/** What a contact permits, in a sentence. */
export function permitWords(permit: Permit, now: number): string {
  if (permit.status === 'temporary' && permit.until) {
    return t('dial.permit.until', { time: moment(permit.until, now, locale) });
  }
  return t(`dial.permit.${permit.status}`);
}

/** The strikes, in a sentence; empty while there are none. */
export function strikeWords({ unanswered }: Permit): string {
  return unanswered > 0 ? t('dial.strikes', { count: unanswered }) : '';
}
