// The one switch that keeps everything here.
import { Section } from "../../components/Page";
import { SwitchRow } from "../../components/SwitchRow";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function OfflineSection() {
  const texts = useTexts().privacy.offline;
  const { privacy } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={texts.title}>
      <SwitchRow
        label={texts.label}
        hint={texts.hint}
        checked={privacy.offline}
        onChange={(value) => patch.mutate({ key: "privacy.offline", value })}
      />
    </Section>
  );
}
