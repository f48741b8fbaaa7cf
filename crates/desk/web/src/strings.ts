import de from '../strings/de.json';
import en from '../strings/en.json';

export type StringKey = keyof typeof en;
export type Strings = Record<StringKey, string>;

/** Every language the desk speaks; the compiler insists that each file has every key. */
export const languages: Record<string, Strings> = { en, de };

/** The first of the browser's languages that the desk speaks, else English. */
export function chooseLanguage(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0] ?? '';
    if (language in languages) return language;
  }
  return 'en';
}

/** The language of this page and, for numbers and dates, the region that goes with it. */
export const language = chooseLanguage(globalThis.navigator?.languages ?? []);
export const locale =
  globalThis.navigator?.languages?.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;

/** The text for a key, with its `{placeholders}` filled in. */
export function t(key: StringKey, values: Record<string, string | number> = {}): string {
  const text = languages[language]?.[key] ?? en[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Whether a computed key exists, for codes that a newer daemon may send. */
export function isStringKey(key: string): key is StringKey {
  return key in en;
}
