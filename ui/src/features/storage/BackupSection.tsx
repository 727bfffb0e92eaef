// The backups there are, one more on demand, and the way back to one of them.
import { Button } from "@mantine/core";
import { IconArchive } from "@tabler/icons-react";
import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import { EmptyNote } from "../../components/EmptyNote";
import { Row, Section } from "../../components/Page";
import { SwitchRow } from "../../components/SwitchRow";
import { say } from "../../components/toasts";
import { useNow } from "../../components/useNow";
import type { BackupView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand, useSettings, useSettingsPatch } from "../../ipc/queries";
import { useLocale, useTexts } from "../../locales/locale";

/** What a restored database changes: everything that is read out of it. */
const RESTORED = [queryKeys.storage, queryKeys.settings, queryKeys.history, queryKeys.models];

export function BackupSection({ backups }: { backups: BackupView[] }) {
  const { backup } = useTexts().storage;
  const { storage } = useSettings();
  const patch = useSettingsPatch();
  const make = useCommand(client.storageBackUp, [queryKeys.storage], () => say(backup.made));
  return (
    <Section title={backup.title} hint={backup.hint}>
      <SwitchRow
        label={backup.automatic}
        hint={backup.automaticHint}
        checked={storage.backups}
        onChange={(value) => patch.mutate({ key: "storage.backups", value })}
      />
      <Row label={backup.now} hint={backup.nowHint}>
        <Button variant="default" size="xs" loading={make.isPending} onClick={() => make.mutate([])}>
          {backup.make}
        </Button>
      </Row>
      {backups.length === 0 ? <EmptyNote icon={IconArchive} title={backup.emptyTitle} hint={backup.emptyHint} /> : null}
      {backups.map((one) => (
        <BackupRow key={one.name} backup={one} />
      ))}
    </Section>
  );
}

function BackupRow({ backup }: { backup: BackupView }) {
  const { texts, format } = useLocale();
  const words = texts.storage.backup;
  const now = useNow(30_000);
  const [asking, setAsking] = useState(false);
  const restore = useCommand(client.storageRestore, RESTORED, () => say(words.restored));
  const at = new Date(backup.made_at);
  return (
    <Row label={<time title={format.moment(at)}>{format.ago(at, now)}</time>} hint={format.bytes(backup.bytes ?? 0)}>
      <Button
        variant="default"
        size="xs"
        aria-label={words.restoreOf(format.moment(at))}
        loading={restore.isPending}
        onClick={() => setAsking(true)}
      >
        {words.restore}
      </Button>
      <Confirm
        opened={asking}
        title={words.restoreTitle(format.ago(at, now))}
        body={words.restoreBody}
        action={words.restore}
        onClose={() => setAsking(false)}
        onConfirm={() => restore.mutate([backup.name])}
      />
    </Row>
  );
}
