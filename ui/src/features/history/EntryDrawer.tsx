// One utterance opened: the full text, what can be done with it, and what happened when.
import { Drawer, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { StatusDot } from "../../components/StatusDot";
import type { HistoryRow } from "../../ipc/bindings";
import { problemOf } from "../../ipc/client";
import { useHistoryRow } from "../../ipc/history";
import { useLocale, wordFor } from "../../locales/locale";
import classes from "./Entry.module.css";
import { EntryActions } from "./EntryActions";
import { EntryFacts } from "./EntryFacts";
import { Player } from "./Player";
import { toneOf } from "./states";
import { TimingLine } from "./TimingLine";

export function EntryDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { texts, format } = useLocale();
  // The closing drawer still shows what it showed.
  const [shown, setShown] = useState(id);
  useEffect(() => {
    if (id !== null) setShown(id);
  }, [id]);
  const entry = useHistoryRow(id ?? shown);
  const at = entry.data ? format.moment(new Date(entry.data.started_at)) : texts.history.detail;
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size={420}
      title={at}
      classNames={{ title: classes.title, content: classes.content, header: classes.header, body: classes.body }}
    >
      {entry.isError ? (
        <ProblemNote
          problem={problemOf(entry.error)}
          action={{ label: texts.common.tryAgain, run: () => void entry.refetch() }}
        />
      ) : entry.data ? (
        <Opened row={entry.data} onClose={onClose} />
      ) : (
        <Stack aria-busy="true">
          <Skeleton height={72} />
          <Skeleton height={180} />
        </Stack>
      )}
    </Drawer>
  );
}

function Opened({ row, onClose }: { row: HistoryRow; onClose: () => void }) {
  const { texts } = useLocale();
  return (
    <div className={classes.opened}>
      <StatusDot tone={toneOf(row.state)} label={stateWords(row, texts.history)} />
      <p className={classes.text} data-none={row.text === "" || undefined}>
        {row.text === "" ? texts.history.noText : row.text}
      </p>
      <EntryActions row={row} onClose={onClose} />
      {row.error_message !== null || row.error_code !== null ? (
        <ProblemNote problem={{ code: row.error_code ?? "", message: row.error_message ?? "", advice: "" }} />
      ) : null}
      {row.has_audio ? <Player id={row.id} /> : null}
      {row.raw_text !== null && row.raw_text !== row.text ? (
        <section>
          <Title order={3}>{texts.history.heard}</Title>
          <Text className={classes.raw}>{row.raw_text}</Text>
        </section>
      ) : null}
      <TimingLine timings={row.timings_ms} />
      <EntryFacts row={row} />
    </div>
  );
}

function stateWords(row: HistoryRow, texts: { states: Record<string, string>; recovered: string }): string {
  const words = wordFor(texts.states, row.state);
  return row.recovered ? `${words}. ${texts.recovered}` : words;
}
