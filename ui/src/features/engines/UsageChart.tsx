// One number over the last hour as an area. In a file of its own, because it brings the chart library with it.
import { AreaChart } from "@mantine/charts";
import { useLocale } from "../../locales/locale";
import classes from "./Engines.module.css";
import { axisTop, hourBefore } from "./scale";

type Point = { at: number; value: number };
type Props = { label: string; name: string; height: number; points: Point[]; format: (value: number) => string };

/** Without the shift Mantine gives its labels, which needs more room than a card has. */
const TICK = { transform: "translate(0, 0)", fontSize: 11, fill: "currentColor" };

export function UsageChart({ label, name, height, points, format }: Props) {
  const { format: formats } = useLocale();
  const newest = points.at(-1)?.at ?? 0;
  const { from, ticks } = hourBefore(newest);
  const top = axisTop(points.map(({ value }) => value));
  return (
    <div className={classes.plot} role="img" aria-label={label}>
      <AreaChart
        h={height}
        data={points}
        dataKey="at"
        series={[{ name: "value", label: name, color: "var(--tt-plot)" }]}
        curveType="linear"
        withDots={false}
        activeDotProps={{ r: 3 }}
        strokeWidth={1.5}
        fillOpacity={0.16}
        tickLine="none"
        gridProps={{ strokeDasharray: "0", vertical: false }}
        accessibilityLayer={false}
        valueFormatter={format}
        xAxisProps={{
          type: "number",
          scale: "time",
          domain: [from, newest],
          ticks,
          tickFormatter: (at: number) => formats.clock(new Date(at)),
          height: 18,
          tickMargin: 4,
          interval: "preserveStartEnd",
          tick: TICK,
        }}
        areaChartProps={{ margin: { top: 6, right: 4, bottom: 0, left: 0 } }}
        yAxisProps={{ domain: [0, top], ticks: [0, top], width: 54, interval: 0, tickMargin: 6, tick: TICK }}
        areaProps={{ isAnimationActive: false }}
        tooltipProps={{
          isAnimationActive: false,
          // Asked for once without a point, before the pointer comes near one.
          labelFormatter: (at) => (typeof at === "number" ? formats.clockSeconds(new Date(at)) : ""),
        }}
      />
    </div>
  );
}
