// What the app writes down about itself: from which level on, and in which form.
import { Group, Text } from "@mantine/core";
import { useId } from "react";
import { Picker } from "../../components/Picker";
import { useSettingsIfKnown, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function AppLogSettings() {
  const texts = useTexts().logs.app;
  const logging = useSettingsIfKnown()?.logging;
  const patch = useSettingsPatch();
  const [level, format] = [useId(), useId()];
  if (logging === undefined) return null;
  const options = (words: Record<string, string>) => Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <Group gap="sm">
      <Text component="label" htmlFor={level} size="sm">
        {texts.level}
      </Text>
      <Picker
        id={level}
        width={150}
        value={logging.level}
        options={options(texts.levels)}
        onChange={(value) => patch.mutate({ key: "logging.level", value })}
      />
      <Text component="label" htmlFor={format} size="sm">
        {texts.format}
      </Text>
      <Picker
        id={format}
        width={110}
        value={logging.format}
        options={options(texts.formats)}
        onChange={(value) => patch.mutate({ key: "logging.format", value })}
      />
    </Group>
  );
}
