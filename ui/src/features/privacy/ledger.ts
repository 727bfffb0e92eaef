// The ledger's numbers as people read them, and its days summed up by host: pure, tested as tables.
import type { LedgerDay, LedgerView } from "../../ipc/bindings";
import type { Texts } from "../../locales/en";
import type { Formats } from "../../locales/locale";

export type Sums = Pick<LedgerDay, "sent" | "failed" | "refused" | "bytes_out" | "bytes_in" | "cost" | "unknown_costs">;
export type HostSums = Sums & { host: string; days: LedgerDay[] };

const NOTHING: Sums = { sent: 0, failed: 0, refused: 0, bytes_out: 0, bytes_in: 0, cost: 0, unknown_costs: 0 };

/** Each host with its days, the newest first; the host that was sent most comes first. */
export function byHost(days: readonly LedgerDay[]): HostSums[] {
  const hosts = [...new Set(days.map(({ host }) => host))].map((host) => {
    const own = days.filter((day) => day.host === host).sort((a, b) => b.day.localeCompare(a.day));
    return { host, days: own, ...own.reduce(added, NOTHING) };
  });
  return hosts.sort((a, b) => (b.bytes_out ?? 0) - (a.bytes_out ?? 0) || a.host.localeCompare(b.host));
}

function added(sum: Sums, day: Sums): Sums {
  return {
    sent: sum.sent + day.sent,
    failed: sum.failed + day.failed,
    refused: sum.refused + day.refused,
    bytes_out: (sum.bytes_out ?? 0) + (day.bytes_out ?? 0),
    bytes_in: (sum.bytes_in ?? 0) + (day.bytes_in ?? 0),
    cost: (sum.cost ?? 0) + (day.cost ?? 0),
    unknown_costs: sum.unknown_costs + day.unknown_costs,
  };
}

/** Below this a size is told to the byte: a short question has a few hundred. */
const SMALL_BYTES = 1000;

export function bytesWords(bytes: number | null, format: Formats): string {
  const whole = bytes ?? 0;
  return whole < SMALL_BYTES ? `${format.number(whole)} B` : format.bytes(whole);
}

/** Less than this is said as "under". */
const SMALLEST = 0.0001;

function moneyWords(cost: number, texts: Texts, format: Formats): string {
  const words = texts.privacy.ledger;
  if (cost === 0) return words.free;
  return cost < SMALLEST ? words.under(format.dollars(SMALLEST)) : format.dollars(cost);
}

/** What one request cost; undefined where nothing was sent. A price that is not known is never a zero. */
export function costWords(row: LedgerView, texts: Texts, format: Formats): string | undefined {
  if (!row.is_sent) return undefined;
  const words = texts.privacy.ledger;
  if (row.cost === null) return words.unknown;
  return row.is_open && row.cost > 0 ? words.atMost(format.dollars(row.cost)) : moneyWords(row.cost, texts, format);
}

/** What some requests cost together. */
export function sumWords({ sent, cost, unknown_costs }: Sums, texts: Texts, format: Formats): string | undefined {
  const words = texts.privacy.ledger;
  if (sent === 0) return undefined;
  if (unknown_costs === 0) return moneyWords(cost ?? 0, texts, format);
  if ((cost ?? 0) === 0 && unknown_costs >= sent) return words.unknown;
  return words.partly(moneyWords(cost ?? 0, texts, format), format.number(unknown_costs));
}

/** "312 sent  ·  4 failed  ·  2 held back"; that nothing was sent goes without saying where something was held back. */
function countWords({ sent, failed, refused }: Sums, texts: Texts, format: Formats): string {
  const words = texts.privacy.ledger;
  const isNothing = sent === 0 && failed + refused > 0;
  const parts = [
    isNothing ? "" : words.sent(format.number(sent)),
    failed > 0 ? words.failed(format.number(failed)) : "",
    refused > 0 ? words.refused(format.number(refused)) : "",
  ];
  return parts.filter((part) => part !== "").join("  ·  ");
}

export const trafficWords = ({ bytes_out, bytes_in }: Sums | LedgerView, texts: Texts, format: Formats): string =>
  texts.privacy.ledger.traffic(bytesWords(bytes_out, format), bytesWords(bytes_in, format));

/** Everything about some requests together but what they cost. */
export const sumFacts = (sums: Sums, texts: Texts, format: Formats): string =>
  [countWords(sums, texts, format), ...(sums.sent > 0 ? [trafficWords(sums, texts, format)] : [])].join("  ·  ");

export type Fate = "open" | "complete" | "here" | "failed" | "refused";

export function fateOf({ host, is_sent, is_open, code }: LedgerView): Fate {
  if (is_open) return "open";
  if (!is_sent) return "refused";
  if (code !== null) return "failed";
  return isHere(host) ? "here" : "complete";
}

/** Whether that is this machine: the app notes what it asks there, too, but nothing of it left. */
export function isHere(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** A day of the user's own calendar, at noon, so that no zone moves it into another one. */
export const dayOf = (day: string): Date => new Date(`${day}T12:00:00`);
