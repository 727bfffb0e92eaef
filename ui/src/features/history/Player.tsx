// The recording of an utterance: play and pause, the wave, and a slider to any point of it.
import { ActionIcon, Skeleton, Slider, Title } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMemo } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { problemOf } from "../../ipc/client";
import { useHistoryAudio } from "../../ipc/history";
import { useLocale } from "../../locales/locale";
import classes from "./Player.module.css";
import { usePlayback } from "./playback";
import { outline, type Recording, readWav } from "./wav";

/** Bars of the wave: one every three pixels of the drawer. */
const BARS = 96;

export function Player({ id }: { id: string }) {
  const { texts } = useLocale();
  const asked = useHistoryAudio(id, true);
  const recording = useMemo(() => (asked.data === undefined ? undefined : readWav(asked.data)), [asked.data]);
  return (
    <section>
      <Title order={3} mb={8}>
        {texts.history.recording}
      </Title>
      {asked.isError ? (
        <ProblemNote
          problem={problemOf(asked.error)}
          action={{ label: texts.common.tryAgain, run: () => void asked.refetch() }}
        />
      ) : asked.data === undefined ? (
        <Skeleton height={52} radius="sm" aria-busy />
      ) : recording === undefined || recording.samples.length === 0 ? (
        <p className={classes.unreadable}>{texts.history.unreadable}</p>
      ) : (
        <Controls recording={recording} />
      )}
    </section>
  );
}

function Controls({ recording }: { recording: Recording }) {
  const { texts, format } = useLocale();
  const { playing, seconds, toggle, seek } = usePlayback(recording);
  const peaks = useMemo(() => outline(recording, BARS), [recording]);
  const length = recording.samples.length / recording.rate;
  const label = playing ? texts.history.pause : texts.history.play;
  const at = format.seconds(seconds * 1000);
  return (
    <div className={classes.player}>
      <ActionIcon variant="default" size={36} radius="xl" aria-label={label} onClick={toggle}>
        {playing ? <IconPlayerPause size={18} stroke={1.5} /> : <IconPlayerPlay size={18} stroke={1.5} />}
      </ActionIcon>
      <div className={classes.track}>
        <Wave peaks={peaks} part={length === 0 ? 0 : seconds / length} />
        <Slider
          size={2}
          thumbSize={12}
          color="var(--tt-on)"
          label={null}
          min={0}
          max={length}
          step={0.1}
          value={seconds}
          onChange={seek}
          thumbLabel={texts.history.position}
          thumbProps={{ "aria-valuetext": at }}
        />
      </div>
      <span className={classes.time}>
        {at} / {format.seconds(length * 1000)}
      </span>
    </div>
  );
}

const HEIGHT = 28;

function Wave({ peaks, part }: { peaks: number[]; part: number }) {
  return (
    <svg
      className={classes.wave}
      viewBox={`0 0 ${peaks.length * 3} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {peaks.map((peak, index) => {
        const height = Math.max(2, peak * HEIGHT);
        const heard = (index + 0.5) / peaks.length <= part;
        return (
          <rect
            key={index}
            x={index * 3}
            y={(HEIGHT - height) / 2}
            width={2}
            height={height}
            rx={1}
            data-heard={heard || undefined}
          />
        );
      })}
    </svg>
  );
}
