// Reading the database through, removing what is over the limits, and giving back the room it does not need.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Row, Section } from "../../components/Page";
import { StatusDot } from "../../components/StatusDot";
import { say } from "../../components/toasts";
import type { Cleaned, StorageView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useLocale } from "../../locales/locale";
import classes from "./Storage.module.css";

export function CareSection({ storage }: { storage: StorageView }) {
  const { texts, format } = useLocale();
  const { care } = texts.storage;
  const [found, setFound] = useState<string[] | null>(null);
  const check = useCommand(async () => setFound(await client.storageCheck()));
  const swept = ({ utterances, recordings, activity, backups }: Cleaned) =>
    say(care.swept(format.number(utterances + recordings + activity + backups)));
  const sweep = useCommand(async () => swept(await client.storageCleanUp()), [queryKeys.storage, queryKeys.history]);
  const tidy = useCommand(client.storageVacuum, [queryKeys.storage], () => say(care.tidied));
  return (
    <Section title={care.title}>
      <Row label={care.check} hint={care.checkHint}>
        {found === null ? null : (
          <span role="status">
            <StatusDot
              tone={found.length === 0 ? "good" : "bad"}
              label={found.length === 0 ? care.sound : care.unsound}
            />
          </span>
        )}
        <Button variant="default" size="xs" loading={check.isPending} onClick={() => check.mutate([])}>
          {care.checkAction}
        </Button>
      </Row>
      {found !== null && found.length > 0 ? (
        <ul className={classes.findings} aria-label={care.unsound}>
          {found.map((finding) => (
            <li key={finding}>{finding}</li>
          ))}
        </ul>
      ) : null}
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
