// How much was said, day by day, how quickly, how well it went, and what heard it.
import { Progress, SegmentedControl, Skeleton } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { EmptyNote } from "../../components/EmptyNote";
import { SkeletonRows } from "../../components/PageSkeleton";
import { ProblemNote } from "../../components/ProblemNote";
import { useStatistics } from "../../ipc/activity";
import type { Share, StatisticsView as View } from "../../ipc/bindings";
import { problemOf } from "../../ipc/client";
import { useLocale, useTexts } from "../../locales/locale";
import { type Bar, barsOf } from "./bars";
import history from "./History.module.css";
import { HistoryHead } from "./HistoryHead";
import classes from "./Statistics.module.css";

/** Half of the window's code is the chart library; only who looks at charts waits for it. */
const BarsChart = lazy(() => import("./BarsChart").then(({ BarsChart: chart }) => ({ default: chart })));

const CHART_HEIGHT = 150;
const SPANS = ["30", "90", "365"] as const;

export function StatisticsView({ switcher }: { switcher: ReactNode }) {
  const { statistics } = useTexts();
  const [span, setSpan] = useState<string>("30");
  return (
    <div className={history.page}>
      <HistoryHead switcher={switcher}>
        <SegmentedControl
          size="xs"
          aria-label={statistics.span}
          value={span}
          data={SPANS.map((value) => ({ value, label: statistics.spans[value] }))}
          onChange={setSpan}
        />
      </HistoryHead>
      <Counted days={Number(span)} />
    </div>
  );
}

function Counted({ days }: { days: number }) {
  const { common, statistics } = useTexts();
  const asked = useStatistics(days);
  if (asked.isPending)
    return (
      <div className={history.failed}>
        <SkeletonRows />
      </div>
    );
  if (asked.isError)
    return (
      <div className={history.failed}>
        <ProblemNote
          problem={problemOf(asked.error)}
          action={{ label: common.tryAgain, run: () => void asked.refetch() }}
        />
      </div>
    );
  if (asked.data.utterances === 0)
    return <EmptyNote icon={IconChartBar} title={statistics.emptyTitle} hint={statistics.emptyHint} />;
  return <Numbers view={asked.data} />;
}

function Numbers({ view }: { view: View }) {
  const { texts, format } = useLocale();
  const { statistics } = texts;
  const { weekly, bars } = barsOf(view.days);
  const title = (name: string) => (weekly ? statistics.perWeek(name) : statistics.perDay(name));
  const whole = (value: number | null) => (value === null ? "–" : format.number(Math.round(value)));
  return (
    // Nothing in it takes the focus, so it must itself for the keyboard to scroll it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region without controls
    <section className={history.scroll} tabIndex={0} aria-label={texts.history.views.statistics}>
      <div className={classes.column}>
        <dl className={classes.figures}>
          <Figure name={statistics.words} value={whole(view.words)} />
          <Figure name={statistics.minutes} value={whole(view.minutes)} />
          <Figure name={statistics.speed} value={whole(view.words_per_minute)} />
          <Figure
            name={statistics.arrived}
            hint={statistics.arrivedHint}
            value={view.success === null ? "–" : format.percent(view.success * 100)}
          />
        </dl>
        <Chart title={title(statistics.words)} name={statistics.words} of="words" bars={bars} />
        <Chart title={title(statistics.minutes)} name={statistics.minutes} of="minutes" bars={bars} />
        <div className={classes.shares}>
          <Shares title={statistics.engines} shares={view.engines} />
          <Shares title={statistics.models} shares={view.models} />
        </div>
      </div>
    </section>
  );
}

function Figure({ name, value, hint }: { name: string; value: string; hint?: string }) {
  return (
    <div className={classes.figure} title={hint}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Chart({ title, ...chart }: { title: string; name: string; of: "words" | "minutes"; bars: Bar[] }) {
  return (
    <figure className={classes.card}>
      <figcaption>
        <h2>{title}</h2>
      </figcaption>
      <Suspense fallback={<Skeleton height={CHART_HEIGHT} radius="sm" />}>
        <BarsChart label={title} height={CHART_HEIGHT} {...chart} />
      </Suspense>
    </figure>
  );
}

function Shares({ title, shares }: { title: string; shares: Share[] }) {
  const { texts, format } = useLocale();
  return (
    <section className={classes.card}>
      <h2>{title}</h2>
      <ul className={classes.bars}>
        {shares.map(({ name, count, share }) => (
          <li key={name}>
            <span className={classes.shareName} title={name}>
              {name}
            </span>
            <span className={classes.shareNumber}>
              {texts.statistics.share(format.number(count), format.percent((share ?? 0) * 100))}
            </span>
            <Progress value={(share ?? 0) * 100} size={4} color="var(--tt-plot)" aria-label={name} />
          </li>
        ))}
      </ul>
    </section>
  );
}
