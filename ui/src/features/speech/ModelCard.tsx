// One model: what it can do, what it costs, and the one action that makes sense for it now.
import { ActionIcon, Badge, Button, Progress, Tooltip } from "@mantine/core";
import { IconCheck, IconTrash, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import type { ModelRow, Snapshot } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand } from "../../ipc/queries";
import { type Locale, useLocale } from "../../locales/locale";
import classes from "./Speech.module.css";

type Install = NonNullable<Snapshot["install"]>;

/** What a model of either kind has, of speech or of language. */
export type CardModel = Pick<
  ModelRow,
  "id" | "name" | "summary" | "languages" | "licence" | "bytes" | "installed" | "chosen"
> & { recommended?: boolean };

export type ModelDeeds = {
  /** The list that is other afterwards. */
  list: readonly string[];
  use: () => void;
  remove: (id: string) => Promise<unknown>;
};

type Props = { model: CardModel; install: Install | null; deeds: ModelDeeds };

export function ModelCard({ model, install, deeds }: Props) {
  const locale = useLocale();
  const texts = locale.texts.speech.models;
  const installing = install?.id === model.id;
  return (
    <article className={classes.model} aria-label={model.name}>
      <div className={classes.modelText}>
        <div className={classes.modelName}>
          <h3>{model.name}</h3>
          {model.recommended ? (
            <Badge variant="light" color="gray" size="sm" tt="none" className={classes.badge}>
              {texts.recommended}
            </Badge>
          ) : null}
        </div>
        <p className={classes.summary}>{model.summary}</p>
        <p className={classes.facts}>{facts(model, locale).join("  ·  ")}</p>
        {installing ? <Installing install={install} /> : null}
      </div>
      <div className={classes.modelActions}>
        {installing ? (
          <CancelInstall list={deeds.list} />
        ) : (
          <Actions model={model} waiting={install !== null} deeds={deeds} />
        )}
      </div>
    </article>
  );
}

function facts(model: CardModel, { texts, format }: Locale): string[] {
  const { english, languages } = texts.speech.models;
  const [only] = model.languages;
  const spoken =
    model.languages.length === 1 && only === "en"
      ? english
      : model.languages.length === 1 && only
        ? format.language(only)
        : languages(model.languages.length);
  const known = model.languages.length > 0 ? [spoken] : [];
  return [format.bytes(model.bytes), ...known, model.licence].filter((fact) => fact !== "");
}

function Installing({ install }: { install: Install }) {
  const { texts, format } = useLocale();
  const { stages, progress } = texts.speech.models;
  const known: Record<string, string> = stages;
  const stage = known[install.stage.toLowerCase()] ?? install.stage;
  // A total of 0 is not known yet; the bindings allow null for every fraction Rust may send.
  const total = install.total ?? 0;
  const done = install.done ?? 0;
  const part = total > 0 ? Math.min(100, (done / total) * 100) : 100;
  const bytes = total > 0 ? progress(format.bytes(done), format.bytes(total)) : "";
  return (
    <div className={classes.installing}>
      <Progress size={6} value={part} animated={total === 0} transitionDuration={100} aria-label={stage} />
      <div className={classes.progressText}>
        <span>{stage}</span>
        <span>{bytes}</span>
      </div>
    </div>
  );
}

function CancelInstall({ list }: { list: readonly string[] }) {
  const texts = useLocale().texts.speech.models;
  const cancel = useCommand(client.modelsCancelInstall, [list]);
  return (
    <Tooltip label={texts.cancel}>
      <ActionIcon variant="default" size={30} aria-label={texts.cancel} onClick={() => cancel.mutate([])}>
        <IconX size={16} stroke={1.5} />
      </ActionIcon>
    </Tooltip>
  );
}

function Actions({ model, waiting, deeds }: { model: CardModel; waiting: boolean; deeds: ModelDeeds }) {
  const texts = useLocale().texts.speech.models;
  const install = useCommand(client.modelsInstall, [deeds.list]);
  if (!model.installed)
    return (
      <Tooltip label={texts.waiting} disabled={!waiting}>
        <Button
          variant={model.recommended ? "filled" : "default"}
          size="xs"
          data-disabled={waiting || undefined}
          aria-disabled={waiting || undefined}
          aria-label={`${texts.install} ${model.name}`}
          onClick={() => {
            if (!waiting) install.mutate([model.id]);
          }}
        >
          {texts.install}
        </Button>
      </Tooltip>
    );
  return (
    <>
      {model.chosen ? (
        <span className={classes.inUse}>
          <IconCheck size={16} stroke={2} aria-hidden />
          {texts.inUse}
        </span>
      ) : (
        <Button variant="default" size="xs" aria-label={`${texts.use} ${model.name}`} onClick={deeds.use}>
          {texts.use}
        </Button>
      )}
      <Remove model={model} deeds={deeds} />
    </>
  );
}

function Remove({ model, deeds }: { model: CardModel; deeds: ModelDeeds }) {
  const { texts, format } = useLocale();
  const { removeOf, removeTitle, removeBody, remove } = texts.speech.models;
  const [asking, setAsking] = useState(false);
  const removing = useCommand(deeds.remove, [deeds.list]);
  return (
    <>
      <Tooltip label={remove}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={30}
          aria-label={removeOf(model.name)}
          onClick={() => setAsking(true)}
        >
          <IconTrash size={18} stroke={1.5} />
        </ActionIcon>
      </Tooltip>
      <Confirm
        opened={asking}
        title={removeTitle(model.name)}
        body={removeBody(format.bytes(model.bytes))}
        action={remove}
        onClose={() => setAsking(false)}
        onConfirm={() => removing.mutate([model.id])}
      />
    </>
  );
}
