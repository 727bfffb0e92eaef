// One worker: its state in words with the reason, its numbers, its breakers and what went wrong.
import { Badge, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { StatusDot } from "../../components/StatusDot";
import { useNow } from "../../components/useNow";
import type { WorkerView } from "../../ipc/bindings";
import { type Locale, useLocale, wordFor } from "../../locales/locale";
import { Breakers } from "./Breakers";
import classes from "./Engines.module.css";
import { Incidents } from "./Incidents";
import { toneOf, toneOfHealth } from "./states";
import { Usage } from "./Usage";
import { WorkerActions } from "./WorkerActions";

export function WorkerCard({ worker }: { worker: WorkerView }) {
  const { texts } = useLocale();
  const { engines } = texts;
  return (
    <article className={classes.worker} aria-label={worker.title}>
      <header className={classes.head}>
        <div className={classes.naming}>
          <div className={classes.name}>
            <h2>{worker.title}</h2>
            <span role="status">
              <StatusDot tone={toneOf(worker.state)} label={wordFor(engines.states, worker.state)} />
            </span>
            {worker.unstable ? (
              <Tooltip label={engines.unstableHint}>
                <Badge variant="light" color="gray" size="sm" tt="none" className={classes.badge}>
                  {engines.unstable}
                </Badge>
              </Tooltip>
            ) : null}
          </div>
          <Why worker={worker} />
        </div>
        <WorkerActions worker={worker} />
      </header>
      <Facts worker={worker} />
      <Usage name={worker.name} />
      <Breakers worker={worker} />
      <Incidents name={worker.name} />
    </article>
  );
}

/** The reason in the app's own sentence, then when it is tried again. */
function Why({ worker }: { worker: WorkerView }) {
  const locale = useLocale();
  const now = useNow(1000).getTime();
  const words = [
    worker.detail,
    worker.health_reason === worker.detail ? null : worker.health_reason,
    nextTry(worker, now, locale),
  ].filter((part) => part !== null && part !== "");
  return words.length === 0 ? null : <p className={classes.why}>{words.join(" ")}</p>;
}

function nextTry({ state, next_try_ms }: WorkerView, now: number, { texts, format }: Locale): string | null {
  const waiting = state === "backoff" || state === "crash_loop";
  if (!waiting || next_try_ms === null) return null;
  const { nextTry: inTime, nextTryNow } = texts.engines;
  return next_try_ms <= now ? `${nextTryNow}.` : `${inTime(format.duration(next_try_ms - now + 999))}.`;
}

function Facts({ worker }: { worker: WorkerView }) {
  const { texts, format } = useLocale();
  const now = useNow(1000).getTime();
  const { facts, health } = texts.engines;
  const started = worker.started_at_ms;
  const running = worker.pid !== null && started !== null;
  const shown: [string, ReactNode, string | undefined][] = [
    [
      facts.health,
      <StatusDot key="health" tone={toneOfHealth(worker.health)} label={wordFor(health, worker.health)} />,
      worker.health_reason ?? undefined,
    ],
    [
      facts.uptime,
      running ? format.duration(now - started) : "–",
      running ? format.moment(new Date(started)) : undefined,
    ],
    [facts.restarts, format.number(worker.restarts), undefined],
    [facts.inFlight, format.number(worker.in_flight), undefined],
    [facts.process, worker.pid === null ? facts.none : String(worker.pid), undefined],
  ];
  return (
    <dl className={classes.facts}>
      {shown.map(([name, value, hint]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={hint}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
