// The input level as a bar. It is moved through the DOM: thirty React renders a second would be felt in the microphone.
import { type RefObject, useImperativeHandle, useRef } from "react";
import classes from "./LevelMeter.module.css";

export type LevelMeterHandle = { show: (level: number) => void };

/** Speech sits around 0.05 to 0.3 of full scale; the square root spreads that over the bar. */
const spread = (level: number) => Math.sqrt(Math.min(1, Math.max(0, level)));

export function LevelMeter({ label, ref }: { label: string; ref: RefObject<LevelMeterHandle | null> }) {
  const track = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  useImperativeHandle(ref, () => ({
    show: (level) => {
      const shown = spread(level);
      bar.current?.style.setProperty("transform", `scaleX(${shown.toFixed(3)})`);
      track.current?.setAttribute("aria-valuenow", String(Math.round(shown * 100)));
    },
  }));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a meter element cannot be drawn the same in every web view.
    <div
      ref={track}
      className={classes.track}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
    >
      <div ref={bar} className={classes.bar} />
    </div>
  );
}
