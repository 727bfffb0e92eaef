// The rows of the ledger: only those on the screen exist.
import { LongList } from "../../components/LongList";
import { StatusDot, type Tone } from "../../components/StatusDot";
import { useNow } from "../../components/useNow";
import type { LedgerView } from "../../ipc/bindings";
import { useLocale, wordFor } from "../../locales/locale";
import { costWords, type Fate, fateOf, trafficWords } from "./ledger";
import classes from "./Privacy.module.css";

const ROW_HEIGHT = 76;
const OVERSCAN = 6;
/** Rows before the end at which more are asked for, so that scrolling does not stop at each page. */
const AHEAD = 20;
const TONES: Record<Fate, Tone> = { open: "signal", complete: "good", here: "quiet", failed: "bad", refused: "warn" };

type Row = LedgerView & { id: number };

export function LedgerList({ rows, onEnd }: { rows: Row[]; onEnd: () => void }) {
  const { texts } = useLocale();
  const now = useNow(30_000);
  return (
    <LongList
      rows={rows}
      height={ROW_HEIGHT}
      overscan={OVERSCAN}
      ahead={AHEAD}
      onEnd={onEnd}
      classes={classes}
      label={texts.privacy.ledger.list}
      draw={(row) => <Line row={row} now={now} />}
    />
  );
}

function Line({ row, now }: { row: Row; now: Date }) {
  const { texts, format } = useLocale();
  const words = texts.privacy.ledger;
  const at = new Date(row.at);
  const fate = fateOf(row);
  const numbers = fate === "refused" ? [] : [trafficWords(row, texts, format), tokensOf(row)];
  function tokensOf({ tokens_in, tokens_out, is_estimated }: LedgerView): string {
    if ((tokens_in ?? 0) + (tokens_out ?? 0) === 0) return "";
    const tokens = words.tokens(format.number(tokens_in ?? 0), format.number(tokens_out ?? 0));
    return is_estimated ? words.estimated(tokens) : tokens;
  }
  const rules = row.rules.join(", ");
  const ruled = rules === "" ? "" : fate === "refused" ? words.stopped(rules) : words.masked(rules);
  const facts = [wordFor(words.purposes, row.purpose), ...numbers, ruled].filter((part) => part !== "").join("  ·  ");
  const to = row.model === "" ? row.host : `${row.host}  ·  ${row.model}`;
  return (
    <>
      <div className={classes.top}>
        <span className={classes.strong} data-cut title={to}>
          {to}
        </span>
        <StatusDot
          tone={TONES[fate]}
          label={row.code === null ? words.states[fate] : `${words.states[fate]}, ${row.code}`}
        />
      </div>
      <p className={classes.facts} data-cut title={facts}>
        {facts}
      </p>
      <div className={classes.top}>
        <time className={classes.facts} dateTime={row.at} title={format.moment(at)}>
          {format.ago(at, now)}
        </time>
        <span className={classes.cost}>{costWords(row, texts, format)}</span>
      </div>
    </>
  );
}
