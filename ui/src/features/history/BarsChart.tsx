// One number per day as bars. In a file of its own, because it brings the chart library with it.
import { BarChart } from "@mantine/charts";
import { useLocale } from "../../locales/locale";
import { type Bar, dayOf } from "./bars";
import classes from "./Statistics.module.css";

type Props = { label: string; name: string; of: "words" | "minutes"; bars: Bar[]; height: number };

/** Without the shift Mantine gives its labels, which needs more room than a card has. */
const TICK = { transform: "translate(0, 0)", fontSize: 11, fill: "currentColor" };

export function BarsChart({ label, name, of, bars, height }: Props) {
  const { format } = useLocale();
  const day = (date: unknown) => (typeof date === "string" && date !== "" ? format.shortDay(dayOf(date)) : "");
  return (
    <div className={classes.plot} role="img" aria-label={label}>
      <BarChart
        h={height}
        data={bars}
        dataKey="date"
        series={[{ name: of, label: name, color: "var(--tt-plot)" }]}
        maxBarWidth={24}
        tickLine="none"
        gridProps={{ strokeDasharray: "0", vertical: false }}
        valueFormatter={format.number}
        xAxisProps={{ tickFormatter: day, height: 18, tickMargin: 4, minTickGap: 48, tick: TICK }}
        yAxisProps={{ width: 46, tickMargin: 6, tick: TICK, allowDecimals: false, tickCount: 3 }}
        barChartProps={{ margin: { top: 6, right: 4, bottom: 0, left: 0 }, accessibilityLayer: false }}
        barProps={{ isAnimationActive: false, radius: [2, 2, 0, 0] }}
        tooltipProps={{ isAnimationActive: false, labelFormatter: day }}
      />
    </div>
  );
}
