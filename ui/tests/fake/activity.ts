// What the fake app did, and how much was said to it.
import type { ActivityEntry, ActivityQuery, StatisticsQuery, StatisticsView } from "../../src/ipc/bindings";

const DEEDS: [string, string | null, string | null, string | null][] = [
  ["utterance.delivered", "u0", null, null],
  ["settings.change", "dictation.tail_ms", null, null],
  ["utterance.failed", "u4", null, "TT-ENGINE-302"],
  ["engine.gave_up", "speech", null, null],
  ["engine.came_back", "speech", null, null],
  ["model.install", "whisper-base", null, null],
  ["backup.make", "manual-20261121T154000Z.db", null, null],
  ["history.clean_up", null, "12", null],
  ["secret.set", "openai", null, null],
  ["history.export", "csv", "118", null],
  ["log.error", "whisper", "model not found in /opt/models", null],
];
const FAILED = ["utterance.failed", "engine.gave_up", "log.error"];

/** `count` deeds before `now`, newest first. */
export function activity(count: number, now: Date): ActivityEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const [action, subject, detail, error_code] = DEEDS[index % DEEDS.length] as (typeof DEEDS)[0];
    const at = new Date(now.getTime() - (index * 41 + 2) * 60_000).toISOString();
    const success = !FAILED.includes(action);
    return { id: `${count - index}`, at, profile: null, action, subject, success, error_code, detail };
  });
}

export function activityPage(all: ActivityEntry[], { action, before, limit = 50 }: ActivityQuery) {
  const fitting = all.filter((row) => action == null || row.action === action);
  const from = before == null ? 0 : fitting.findIndex((row) => row.id === before) + 1;
  const rows = fitting.slice(from, from + limit);
  return { rows, next: from + limit < fitting.length ? (rows.at(-1)?.id ?? null) : null };
}

/** Days up to `now`, busier in the middle of the week; nothing at all where `spoken` says so. */
export function statistics({ days }: StatisticsQuery, now: Date, spoken: boolean): StatisticsView {
  const counted = Array.from({ length: days }, (_, index) => {
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (days - 1 - index), 12);
    const isFree = day.getDay() === 0 || day.getDay() === 6;
    const words = spoken ? Math.round((isFree ? 60 : 640) * (1 + 0.4 * Math.sin(index * 1.7))) : 0;
    const date = day.toISOString().slice(0, 10);
    return { date, utterances: Math.round(words / 17), words, minutes: words / 148 };
  });
  const sum = (value: (day: (typeof counted)[0]) => number) => counted.reduce((all, day) => all + value(day), 0);
  const utterances = sum((day) => day.utterances);
  const share = (name: string, part: number) => ({ name, count: Math.round(utterances * part), share: part });
  return {
    days: counted,
    utterances,
    words: sum((day) => day.words),
    minutes: sum((day) => day.minutes),
    words_per_minute: spoken ? 148 : null,
    success: spoken ? 0.964 : null,
    engines: spoken ? [share("embedded", 0.91), share("whisperlivekit", 0.09)] : [],
    models: spoken ? [share("whisper-base", 0.62), share("whisper-tiny.en", 0.29), share("parakeet", 0.09)] : [],
  };
}
