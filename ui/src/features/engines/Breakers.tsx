// Both breakers of a worker as small state diagrams: where each stands, why, and until when.
import { IconArrowNarrowRight } from "@tabler/icons-react";
import { Fragment } from "react";
import type { WorkerView } from "../../ipc/bindings";
import { type Locale, useLocale, wordFor } from "../../locales/locale";
import classes from "./Engines.module.css";

export function Breakers({ worker }: { worker: WorkerView }) {
  const locale = useLocale();
  const { breakers } = locale.texts.engines;
  const { breaker, requests, next_try_ms } = worker;
  const starts = [wordOr(breakers.startsWhy, breaker), breaker === "open" ? untilWords(next_try_ms, locale) : ""];
  const asked = [
    wordOr(breakers.requestsWhy, requests.state),
    requests.state === "open" ? untilWords(requests.retry_at_ms, locale) : "",
  ];
  return (
    <div className={classes.breakers}>
      <Breaker name={breakers.starts} state={breaker} why={starts} />
      <Breaker name={breakers.requests} state={requests.state} why={asked} />
    </div>
  );
}

/** The way round a breaker goes; one that a person holds is outside of it. */
const ROUND = ["closed", "open", "half_open"];

function Breaker({ name, state, why }: { name: string; state: string; why: string[] }) {
  const { breakers } = useLocale().texts.engines;
  const nodes = ROUND.includes(state) ? ROUND : [...ROUND, state];
  const word = (node: string) => wordFor(breakers.states, node);
  return (
    <div>
      <h3>{name}</h3>
      <div className={classes.diagram} role="img" aria-label={breakers.label(name, word(state))}>
        {nodes.map((node, index) => (
          <Fragment key={node}>
            {index === 0 ? null : index < ROUND.length ? (
              <IconArrowNarrowRight size={14} stroke={1.5} />
            ) : (
              <span className={classes.apart} />
            )}
            <span className={classes.node} data-now={node === state || undefined} data-state={node}>
              {word(node)}
            </span>
          </Fragment>
        ))}
      </div>
      <p className={classes.breakerWhy}>{why.filter((part) => part !== "").join("  ·  ")}</p>
    </div>
  );
}

function wordOr(table: Record<string, string>, key: string): string {
  return Object.hasOwn(table, key) ? (table[key] ?? "") : "";
}

function untilWords(at: number | null, { texts, format }: Locale): string {
  return at === null ? "" : texts.engines.breakers.until(format.clockSeconds(new Date(at)));
}
