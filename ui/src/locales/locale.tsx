// Which language the window speaks, and numbers, sizes and times written its way.
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { de } from "./de";
import { en, type Texts } from "./en";
import { es } from "./es";

export const languages = { en, de, es } satisfies Record<string, Texts>;
export type LanguageCode = keyof typeof languages;

/** The language to use: the chosen one, or the first of the system's that there is a translation for. */
export function pickLanguage(choice: string, preferred: readonly string[]): LanguageCode {
  const known = (code: string | undefined): code is LanguageCode => code !== undefined && code in languages;
  if (known(choice)) return choice;
  return preferred.map((tag) => tag.slice(0, 2)).find(known) ?? "en";
}

export type Locale = { code: LanguageCode; texts: Texts; format: Formats };

/** The user's own region of that language where the system names one: "en-GB" writes 16:40, "en-US" 4:40 PM. */
function regional(code: LanguageCode): string {
  return navigator.languages.find((tag) => tag.startsWith(code)) ?? code;
}

function formats(code: string) {
  const number = new Intl.NumberFormat(code);
  const decimal = new Intl.NumberFormat(code, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(code, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(code, { weekday: "long", day: "numeric", month: "long" });
  const dayWithYear = new Intl.DateTimeFormat(code, { day: "numeric", month: "long", year: "numeric" });
  const shortDay = new Intl.DateTimeFormat(code, { dateStyle: "medium" });
  const moment = new Intl.DateTimeFormat(code, { dateStyle: "full", timeStyle: "medium" });
  const names = new Intl.DisplayNames([code], { type: "language", fallback: "code" });
  return {
    number: (value: number) => number.format(value),
    seconds: (ms: number) => `${decimal.format(ms / 1000)} s`,
    ms: (ms: number) => number.format(Math.round(ms)),
    /** Decimal megabytes, as download pages count them. */
    bytes: (bytes: number) =>
      bytes >= 1e9 ? `${decimal.format(bytes / 1e9)} GB` : `${number.format(Math.max(1, Math.round(bytes / 1e6)))} MB`,
    clock: (at: Date) => clock.format(at),
    day: (at: Date, now: Date) => (at.getFullYear() === now.getFullYear() ? day : dayWithYear).format(at),
    shortDay: (at: Date) => shortDay.format(at),
    moment: (at: Date) => moment.format(at),
    language: (tag: string) => {
      try {
        return names.of(tag) ?? tag;
      } catch {
        return tag;
      }
    },
  };
}

export type Formats = ReturnType<typeof formats>;

const LocaleContext = createContext<Locale>({ code: "en", texts: en, format: formats("en") });

export function LocaleProvider({ code, children }: { code: LanguageCode; children: ReactNode }) {
  const locale = useMemo(() => ({ code, texts: languages[code], format: formats(regional(code)) }), [code]);
  return <LocaleContext value={locale}>{children}</LocaleContext>;
}

export const useLocale = () => useContext(LocaleContext);
export const useTexts = () => useContext(LocaleContext).texts;

/** A word for `key` from a table of texts; a key without one is shown as plain words rather than not at all. */
export function wordFor(table: Record<string, string>, key: string): string {
  const word = Object.hasOwn(table, key) ? table[key] : undefined;
  return word ?? key.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
}
