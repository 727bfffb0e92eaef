// Reading the database through, removing what is over the limits, and giving back the room it does not need.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Row, Section } from "../../components/Page";
import { StatusDot, type Tone } from "../../components/StatusDot";
import { say } from "../../components/toasts";
import type { Checked, Cleaned, StorageView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useLocale } from "../../locales/locale";
import classes from "./Storage.module.css";

export function CareSection({ storage }: { storage: StorageView }) {
  const { texts, format } = useLocale();
  const { care } = texts.storage;
  const [found, setFound] = useState<Checked | null>(null);
  const check = useCommand(async () => setFound(await client.storageCheck()));
  const swept = ({ utterances, recordings, activity, backups }: Cleaned) =>
    say(care.swept(format.number(utterances + recordings + activity + backups)));
  const sweep = useCommand(async () => swept(await client.storageCleanUp()), [queryKeys.storage, queryKeys.history]);
  const tidy = useCommand(client.storageVacuum, [queryKeys.storage], () => say(care.tidied));
  return (
    <Section title={care.title}>
      <Row label={care.check} hint={care.checkHint}>
        <span role="status">
          {found?.findings.length === 0 && found.mended.length === 0 ? (
            <StatusDot tone="good" label={care.sound} />
          ) : null}
        </span>
        <Button variant="default" size="xs" loading={check.isPending} onClick={() => check.mutate([])}>
          {care.checkAction}
        </Button>
      </Row>
      <Found tone="bad" title={care.unsound} sentences={found?.findings ?? []} />
      <Found tone="good" title={care.mended} sentences={found?.mended ?? []} />
      <Row label={care.sweep} hint={care.sweepHint}>
        <Button variant="default" size="xs" loading={sweep.isPending} onClick={() => sweep.mutate([])}>
          {care.sweepAction}
        </Button>
      </Row>
      <Row label={care.tidy} hint={care.tidyHint(format.bytes(storage.free_bytes ?? 0))}>
        <Button variant="default" size="xs" loading={tidy.isPending} onClick={() => tidy.mutate([])}>
          {care.tidyAction}
        </Button>
      </Row>
    </Section>
  );
}

/** What was mended needs nothing more from anybody: it never stands under what is wrong still. */
function Found({ tone, title, sentences }: { tone: Tone; title: string; sentences: string[] }) {
  if (sentences.length === 0) return null;
  return (
    <div className={classes.found} role="status">
      <StatusDot tone={tone} label={title} />
      <ul className={classes.findings} data-tone={tone} aria-label={title}>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  );
}
