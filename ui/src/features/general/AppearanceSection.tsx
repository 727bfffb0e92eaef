// What is seen: overlay, notifications, theme, language of the window.
import { SegmentedControl } from "@mantine/core";
import { useId } from "react";
import { Row, Section } from "../../components/Page";
import { Picker } from "../../components/Picker";
import { SwitchRow } from "../../components/SwitchRow";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { languages, useTexts } from "../../locales/locale";

export function AppearanceSection() {
  const texts = useTexts().general.looks;
  const { appearance, notifications, overlay } = useSettings();
  const patch = useSettingsPatch();
  const language = useId();
  return (
    <Section title={texts.title}>
      <SwitchRow
        label={texts.overlay}
        hint={texts.overlayHint}
        checked={overlay.enabled}
        onChange={(value) => patch.mutate({ key: "overlay.enabled", value })}
      />
      <SwitchRow
        label={texts.notifications}
        hint={texts.notificationsHint}
        checked={notifications.enabled}
        onChange={(value) => patch.mutate({ key: "notifications.enabled", value })}
      />
      <Row label={texts.theme}>
        <SegmentedControl
          aria-label={texts.theme}
          value={appearance.theme}
          onChange={(value) => patch.mutate({ key: "appearance.theme", value })}
          data={[
            { value: "system", label: texts.system },
            { value: "light", label: texts.light },
            { value: "dark", label: texts.dark },
          ]}
        />
      </Row>
      <Row label={texts.language} labelFor={language}>
        <Picker
          id={language}
          value={appearance.language}
          onChange={(value) => patch.mutate({ key: "appearance.language", value })}
          options={[
            { value: "system", label: texts.systemLanguage },
            ...Object.entries(languages).map(([value, { name }]) => ({ value, label: name })),
          ]}
        />
      </Row>
    </Section>
  );
}
