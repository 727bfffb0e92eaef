// The process that turns sound into words: how it is, and how it is run.
import { Button } from "@mantine/core";
import { AmountRow } from "../../components/AmountRow";
import { Row, Section } from "../../components/Page";
import { StatusDot } from "../../components/StatusDot";
import { TextRow } from "../../components/TextRow";
import type { WorkerView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand, useSettings, useSettingsPatch, useSnapshot } from "../../ipc/queries";
import { useTexts, wordFor } from "../../locales/locale";
import { toneOf } from "../engines/states";
import classes from "./Speech.module.css";

export function EngineSection() {
  const texts = useTexts().speech.engine;
  const workers = useSnapshot().workers.filter((worker) => worker.kind === "speech");
  const { speech, dictation, models } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={texts.title}>
      {workers.length === 0 ? <Row label={texts.label} hint={texts.none} /> : null}
      {workers.map((worker) => (
        <WorkerRow key={worker.name} worker={worker} />
      ))}
      <AmountRow
        label={texts.threads}
        hint={texts.threadsHint}
        value={speech.threads}
        min={0}
        max={64}
        onCommit={(value) => patch.mutate({ key: "speech.threads", value })}
      />
      <AmountRow
        label={texts.wait}
        hint={texts.waitHint}
        value={dictation.engine_wait_s}
        min={5}
        max={600}
        step={5}
        unit="s"
        onCommit={(value) => patch.mutate({ key: "dictation.engine_wait_s", value })}
      />
      <TextRow
        label={texts.packageIndex}
        hint={texts.packageIndexHint}
        value={models.package_index ?? ""}
        onCommit={(value) => patch.mutate({ key: "models.package_index", value: value === "" ? null : value })}
      />
    </Section>
  );
}

function WorkerRow({ worker }: { worker: WorkerView }) {
  const { speech, engines } = useTexts();
  const texts = speech.engine;
  const restart = useCommand(client.workerRestart);
  const facts = [
    worker.pid === null ? "" : texts.process(worker.pid),
    worker.restarts === 0 ? "" : texts.restarts(worker.restarts),
  ].filter((fact) => fact !== "");
  const name = worker.title;
  return (
    <Row label={name} hint={worker.detail ?? facts.join("  ·  ")}>
      <span className={classes.workerState} role="status">
        <StatusDot tone={toneOf(worker.state)} label={wordFor(engines.states, worker.state)} />
      </span>
      <Button
        variant="default"
        size="xs"
        aria-label={`${texts.restart} ${name}`}
        loading={restart.isPending}
        onClick={() => restart.mutate([worker.name])}
      >
        {texts.restart}
      </Button>
    </Row>
  );
}
