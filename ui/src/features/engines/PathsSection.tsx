// Where the engines that others wrote lie, whether the language model runs, and how much memory one worker may use.
import { AmountRow } from "../../components/AmountRow";
import { Section } from "../../components/Page";
import { SwitchRow } from "../../components/SwitchRow";
import { TextRow } from "../../components/TextRow";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function PathsSection() {
  const texts = useTexts().engines.paths;
  const { speech, workers } = useSettings();
  const patch = useSettingsPatch();
  const path = (key: string, label: string, value: string | null) => (
    <TextRow
      label={label}
      hint={texts.pathHint}
      value={value ?? ""}
      onCommit={(text) => patch.mutate({ key, value: text === "" ? null : text })}
    />
  );
  return (
    <Section title={texts.title} hint={texts.hint}>
      {path("speech.whisperlivekit_program", texts.wlkProgram, speech.whisperlivekit_program)}
      {path("speech.whisperlivekit_model", texts.wlkModel, speech.whisperlivekit_model)}
      <SwitchRow
        label={texts.llama}
        hint={texts.llamaHint}
        checked={workers.llama}
        onChange={(value) => patch.mutate({ key: "workers.llama", value })}
      />
      {path("workers.llama_program", texts.llamaProgram, workers.llama_program)}
      {path("workers.llama_model", texts.llamaModel, workers.llama_model)}
      <AmountRow
        label={texts.memory}
        hint={texts.memoryHint}
        unit="MB"
        min={0}
        max={1_048_576}
        step={256}
        value={workers.memory_ceiling_mb}
        onCommit={(value) => patch.mutate({ key: "workers.memory_ceiling_mb", value })}
      />
    </Section>
  );
}
