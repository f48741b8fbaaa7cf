/** Values as people read them. */

/** `0:07`, `12:34`, `1:02:03`. */
export function duration(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (value: number): string => String(value).padStart(2, '0');
  const tail = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

/** ISO 8601 for `<time datetime>`: `PT83S`. */
export function isoDuration(millis: number): string {
  return `PT${Math.max(0, Math.floor(millis / 1000))}S`;
}

/**
 * Money in the reader's notation. `display` is the daemon's truncated text with the decimals of its
 * currency (yen have none, Kuwaiti dinars three); it is formatted as text, so that no float and no rounding touch it.
 */
export function money(display: string, currency: string, locale: string): string {
  const decimals = (display.split('.')[1] ?? '').length;
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    }).format(display as unknown as number);
  } catch {
    return `${display} ${currency}`;
  }
}

/** The time of day today, else with the date. */
export function moment(iso: string, now: number, locale: string): string {
  const when = new Date(iso);
  const today = new Date(now).toDateString() === when.toDateString();
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  return new Intl.DateTimeFormat(locale, today ? time : { day: 'numeric', month: 'short', ...time }).format(when);
}

/** One or two letters for the round picture of a contact. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return letters.map((word) => [...(word ?? '')][0] ?? '').join('').toUpperCase() || '#';
}

/** The same contact has the same colour everywhere. */
export function hue(name: string): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return sum % 6;
}

/** As one dials it. Grouping digits well needs every country's plan; grouping them badly misleads. */
export function phone(digits: string): string {
  return `+${digits}`;
}
