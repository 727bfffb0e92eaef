// How much is kept, and how much room it takes.
import { Progress } from "@mantine/core";
import { Row, Section } from "../../components/Page";
import type { StorageView } from "../../ipc/bindings";
import { useLocale } from "../../locales/locale";
import classes from "./Storage.module.css";

const PARTS = ["audio", "models", "database", "backups", "logs"] as const;

export function SizeSection({ storage }: { storage: StorageView }) {
  const { texts, format } = useLocale();
  const { sizes } = texts.storage;
  const bytes = {
    audio: storage.recordings_bytes ?? 0,
    models: storage.models_bytes ?? 0,
    logs: storage.logs_bytes ?? 0,
    database: storage.database_bytes ?? 0,
    backups: storage.backups.reduce((sum, backup) => sum + (backup.bytes ?? 0), 0),
  };
  const all = PARTS.reduce((sum, part) => sum + bytes[part], 0);
  const count = storage.utterances === 1 ? sizes.oneUtterance : sizes.utterances(format.number(storage.utterances));
  const spoken = sizes.spoken(format.number(storage.words ?? 0), format.duration((storage.minutes ?? 0) * 60_000));
  const since = storage.first_at === null ? "" : sizes.since(format.shortDay(new Date(storage.first_at)));
  return (
    <Section title={sizes.title}>
      <div className={classes.total}>
        <p className={classes.sum}>{sizes.all(count, format.bytes(all))}</p>
        {storage.utterances === 0 ? null : <p className={classes.spoken}>{`${spoken} ${since}`.trim()}</p>}
        <Progress.Root size={10} className={classes.bar} aria-hidden>
          {PARTS.map((part) => (
            <Progress.Section
              key={part}
              value={all === 0 ? 0 : (bytes[part] / all) * 100}
              color={`var(--tt-part-${part})`}
              withAria={false}
            />
          ))}
        </Progress.Root>
      </div>
      {PARTS.map((part) => (
        <Row
          key={part}
          label={
            <span className={classes.part}>
              <span className={classes.swatch} data-part={part} />
              {sizes[part]}
            </span>
          }
        >
          <span className={classes.number}>{format.bytes(bytes[part])}</span>
        </Row>
      ))}
      {storage.disk_free_bytes === null ? null : (
        <Row label={sizes.free}>
          <span className={classes.number}>{format.bytes(storage.disk_free_bytes)}</span>
        </Row>
      )}
    </Section>
  );
}
