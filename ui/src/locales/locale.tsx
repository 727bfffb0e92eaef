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
  const second = new Intl.DateTimeFormat(code, { timeStyle: "medium" });
  const today = new Intl.RelativeTimeFormat(code, { numeric: "auto" });
  const amount = (unit: string) => new Intl.NumberFormat(code, { style: "unit", unit, unitDisplay: "short" });
  const [days, hours, minutes, seconds] = [amount("day"), amount("hour"), amount("minute"), amount("second")];
  const percent = new Intl.NumberFormat(code, { style: "percent" });
  const moment = new Intl.DateTimeFormat(code, { dateStyle: "full", timeStyle: "medium" });
  const names = new Intl.DisplayNames([code], { type: "language", fallback: "code" });
  const money = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" } as const;
  const dollars = new Intl.NumberFormat(code, money);
  const cents = new Intl.NumberFormat(code, { ...money, minimumFractionDigits: 2, maximumFractionDigits: 4 });
  const short = new Intl.NumberFormat(code, { notation: "compact", maximumFractionDigits: 1 });
  return {
    number: (value: number) => number.format(value),
    seconds: (ms: number) => `${decimal.format(ms / 1000)} s`,
    ms: (ms: number) => number.format(Math.round(ms)),
    /** Decimal megabytes, as download pages count them. */
    bytes: (bytes: number) => {
      if (bytes >= 1e9) return `${decimal.format(bytes / 1e9)} GB`;
      if (bytes > 0 && bytes < 1e6) return `${number.format(Math.max(1, Math.round(bytes / 1e3)))} kB`;
      return `${number.format(Math.round(bytes / 1e6))} MB`;
    },
    /** `value` in hundredths: 250 is "250 %". */
    percent: (value: number) => percent.format(Math.round(value) / 100),
    /** US dollars; small amounts with the digits that say something: "$0.0012". */
    dollars: (value: number) => (value >= 1 ? dollars : cents).format(value),
    /** Short: "128K". */
    rounded: (value: number) => short.format(value),
    /** The two largest units that matter: "3 hr 12 min". */
    duration: (ms: number) => {
      const whole = Math.max(0, Math.floor(ms / 1000));
      const [d, h, m] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
      if (d > 0) return `${days.format(d)} ${hours.format(h)}`;
      if (h > 0) return `${hours.format(h)} ${minutes.format(m)}`;
      return m > 0 ? minutes.format(m) : seconds.format(whole % 60);
    },
    /** "12 minutes ago" under a day, the date and time beyond. */
    ago: (at: Date, now: Date) => {
      const passed = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
      if (passed < 60) return today.format(-passed, "second");
      if (passed < 3600) return today.format(-Math.floor(passed / 60), "minute");
      if (passed < 86_400) return today.format(-Math.floor(passed / 3600), "hour");
      return `${shortDay.format(at)} ${clock.format(at)}`;
    },
    clock: (at: Date) => clock.format(at),
    clockSeconds: (at: Date) => second.format(at),
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
