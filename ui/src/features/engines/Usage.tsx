// What one worker used over the last hour: memory and processor side by side.
import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import type { UsagePoint } from "../../ipc/bindings";
import { problemOf } from "../../ipc/client";
import { useWorkerUsage } from "../../ipc/workers";
import { useLocale } from "../../locales/locale";
import classes from "./Engines.module.css";

/** Half of the window's code is the chart library; only this page waits for it. */
const UsageChart = lazy(() => import("./UsageChart").then(({ UsageChart: chart }) => ({ default: chart })));

const CHART_HEIGHT = 96;

export function Usage({ name }: { name: string }) {
  const { texts, format } = useLocale();
  const { usage } = texts.engines;
  const asked = useWorkerUsage(name);
  if (asked.isError && asked.data === undefined)
    return (
      <div className={classes.block}>
        <ProblemNote
          problem={problemOf(asked.error)}
          action={{ label: texts.common.tryAgain, run: () => void asked.refetch() }}
        />
      </div>
    );
  const points = asked.data;
  return (
    <div className={classes.charts} aria-busy={points === undefined || undefined}>
      <Chart title={usage.memory} points={points} value={(point) => point.memory_bytes ?? 0} format={format.bytes} />
      <Chart title={usage.cpu} points={points} value={(point) => point.cpu_percent ?? 0} format={format.percent} />
    </div>
  );
}

type Props = {
  title: string;
  points: UsagePoint[] | undefined;
  value: (point: UsagePoint) => number;
  format: (value: number) => string;
};

function Chart({ title, points, value, format }: Props) {
  const { usage } = useLocale().texts.engines;
  const newest = points?.at(-1);
  const peak = points?.reduce((most, point) => Math.max(most, value(point)), 0) ?? 0;
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.chartHead}>
        <h3>{title}</h3>
        <span>{newest === undefined ? "" : `${usage.now(format(value(newest)))}  ·  ${usage.peak(format(peak))}`}</span>
      </figcaption>
      {points === undefined ? (
        <Skeleton height={CHART_HEIGHT} radius="sm" />
      ) : newest === undefined ? (
        <p className={classes.unmeasured}>{usage.empty}</p>
      ) : (
        <Suspense fallback={<Skeleton height={CHART_HEIGHT} radius="sm" />}>
          <UsageChart
            label={usage.hour(title)}
            name={title}
            height={CHART_HEIGHT}
            points={points.map((point) => ({ at: point.at_ms ?? 0, value: value(point) }))}
            format={format}
          />
        </Suspense>
      )}
    </figure>
  );
}
