// One utterance in the list: when, what, how long, and a word about it where it did not simply arrive.
import { Tooltip, UnstyledButton } from "@mantine/core";
import { IconLifebuoy } from "@tabler/icons-react";
import { memo } from "react";
import { Marked } from "../../components/Marked";
import { StatusDot } from "../../components/StatusDot";
import type { HistoryRow } from "../../ipc/bindings";
import { useLocale, wordFor } from "../../locales/locale";
import { dayName, daysAgo } from "./days";
import classes from "./History.module.css";
import { toneOf } from "./states";

type Props = { row: HistoryRow; withDay: boolean; onOpen: (id: string) => void };

/** Drawn once: while the list scrolls, only rows that come into sight are work. */
export const EntryLine = memo(function EntryLine({ row, withDay, onOpen }: Props) {
  const locale = useLocale();
  const { texts, format } = locale;
  const at = new Date(row.started_at);
  const words = row.text === "" ? (row.error_message ?? texts.history.noText) : row.text;
  return (
    <UnstyledButton className={classes.entry} onClick={() => onOpen(row.id)}>
      <time className={classes.time} dateTime={row.started_at} title={format.moment(at)}>
        {format.clock(at)}
      </time>
      <span className={classes.words} data-none={row.text === "" || row.state === "cancelled" || undefined}>
        <Marked text={words} ranges={row.text === "" ? [] : row.matches} />
      </span>
      <span className={classes.meta}>
        <span className={classes.numbers}>
          {row.recovered ? (
            <Tooltip label={texts.history.recovered}>
              <span className={classes.recovered}>
                <IconLifebuoy size={14} stroke={1.5} aria-hidden />
                {texts.history.recoveredShort}
              </span>
            </Tooltip>
          ) : null}
          {row.audio_ms === null ? "" : format.seconds(row.audio_ms)}
        </span>
        {row.state === "delivered" ? null : (
          <StatusDot tone={toneOf(row.state)} label={wordFor(texts.history.states, row.state)} />
        )}
        {withDay ? <span>{daysAgo(at, new Date()) < 2 ? dayName(at, locale) : format.shortDay(at)}</span> : null}
      </span>
    </UnstyledButton>
  );
});
