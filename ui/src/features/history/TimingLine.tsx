// What happened when, in milliseconds since the key was pressed.
import { Timeline, Title } from "@mantine/core";
import { useLocale, wordFor } from "../../locales/locale";
import classes from "./Entry.module.css";
import { releaseToText, stepsOf, type Timings } from "./timings";

export function TimingLine({ timings }: { timings: Timings }) {
  const { texts, format } = useLocale();
  const steps = stepsOf(timings);
  if (steps.length < 2) return null;
  const waited = releaseToText(timings);
  return (
    <section>
      <Title order={3}>{texts.history.timeline}</Title>
      {waited === undefined ? null : <p className={classes.waited}>{texts.history.releaseToText(format.ms(waited))}</p>}
      <Timeline bulletSize={10} lineWidth={1} active={steps.length} color="gray" className={classes.timeline}>
        {steps.map(({ name, atMs }) => (
          <Timeline.Item
            key={name}
            title={
              <span className={classes.step}>
                <span>{wordFor(texts.history.steps, name)}</span>
                <span className={classes.at}>
                  {format.ms(atMs)} {texts.common.milliseconds}
                </span>
              </span>
            }
          />
        ))}
      </Timeline>
    </section>
  );
}
