// Dictated words mended by a language model before they are inserted, and what happens when that takes too long.
import { Textarea } from "@mantine/core";
import { useEffect, useId, useState } from "react";
import { AmountRow } from "../../../components/AmountRow";
import { Row, Section } from "../../../components/Page";
import { Picker } from "../../../components/Picker";
import { SwitchRow } from "../../../components/SwitchRow";
import { useModelOrder } from "../../../ipc/assistant";
import type { Tone } from "../../../ipc/bindings";
import { useSettings, useSettingsPatch } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";
import { ordered } from "./order";
import classes from "./Settings.module.css";

/** Stands for "whoever the assistant would ask"; no model's id is without a slash. */
const ORDER = "order";

const TONES: Tone[] = ["as_spoken", "casual", "formal"];

/** The app's own bound of the user's words. */
const LONGEST = 20_000;

export function CleanUpSection() {
  const { common, assistantPage } = useTexts();
  const texts = assistantPage.cleanUp;
  const { assistant, clean_up } = useSettings();
  const { data: choices } = useModelOrder();
  const patch = useSettingsPatch();
  const [model, tone] = [useId(), useId()];
  const ids = new Set([...assistant.models, ...(clean_up.model === null ? [] : [clean_up.model])]);
  const options = ordered([...ids], choices).map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Section title={texts.title} hint={texts.hint}>
      <SwitchRow
        label={texts.enabled}
        hint={texts.enabledHint}
        checked={clean_up.enabled}
        onChange={(value) => patch.mutate({ key: "clean_up.enabled", value })}
      />
      {clean_up.enabled ? (
        <>
          <SwitchRow
            label={texts.typed}
            checked={clean_up.typed}
            onChange={(value) => patch.mutate({ key: "clean_up.typed", value })}
          />
          <SwitchRow
            label={texts.copied}
            checked={clean_up.copied}
            onChange={(value) => patch.mutate({ key: "clean_up.copied", value })}
          />
        </>
      ) : null}
      <AmountRow
        label={texts.deadline}
        hint={texts.deadlineHint}
        value={clean_up.deadline_ms}
        min={200}
        max={30_000}
        step={100}
        unit={common.milliseconds}
        onCommit={(value) => patch.mutate({ key: "clean_up.deadline_ms", value })}
      />
      <Row label={texts.model} labelFor={model}>
        <Picker
          id={model}
          value={clean_up.model ?? ORDER}
          options={[{ value: ORDER, label: texts.order }, ...options]}
          onChange={(value) => patch.mutate({ key: "clean_up.model", value: value === ORDER ? null : value })}
        />
      </Row>
      {clean_up.prompt === null ? (
        <Row label={texts.tone} labelFor={tone}>
          <Picker
            id={tone}
            value={clean_up.tone}
            options={TONES.map((value) => ({ value, label: texts.tones[value] }))}
            onChange={(value) => patch.mutate({ key: "clean_up.tone", value })}
          />
        </Row>
      ) : null}
      <OwnWords
        value={clean_up.prompt ?? ""}
        onCommit={(value) => patch.mutate({ key: "clean_up.prompt", value: value === "" ? null : value })}
      />
    </Section>
  );
}

function OwnWords({ value, onCommit }: { value: string; onCommit: (value: string) => void }) {
  const texts = useTexts().assistantPage.cleanUp;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  return (
    <Textarea
      className={classes.block}
      label={texts.prompt}
      description={texts.promptHint}
      placeholder={texts.promptPlaceholder}
      rows={3}
      maxLength={LONGEST}
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={() => {
        if (draft.trim() !== value) onCommit(draft.trim());
      }}
    />
  );
}
