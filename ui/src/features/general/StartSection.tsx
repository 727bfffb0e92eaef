// What happens at start, and what is kept.
import { Section } from "../../components/Page";
import { SwitchRow } from "../../components/SwitchRow";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function StartSection() {
  const texts = useTexts().general.start;
  const { startup, dictation } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={texts.title}>
      <SwitchRow
        label={texts.autostart}
        checked={startup.autostart}
        onChange={(value) => patch.mutate({ key: "startup.autostart", value })}
      />
      <SwitchRow
        label={texts.window}
        hint={texts.windowHint}
        checked={startup.show_window}
        onChange={(value) => patch.mutate({ key: "startup.show_window", value })}
      />
      <SwitchRow
        label={texts.audio}
        hint={texts.audioHint}
        checked={dictation.keep_audio}
        onChange={(value) => patch.mutate({ key: "dictation.keep_audio", value })}
      />
    </Section>
  );
}
