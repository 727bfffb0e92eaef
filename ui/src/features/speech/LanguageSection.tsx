// The language that is spoken: those the chosen model knows.
import { useId } from "react";
import { Row, Section } from "../../components/Page";
import { Picker } from "../../components/Picker";
import { useModels, useSettings, useSettingsPatch } from "../../ipc/queries";
import { useLocale } from "../../locales/locale";

const AUTO = "auto";

export function LanguageSection() {
  const { code, texts, format } = useLocale();
  const { dictation } = useSettings();
  const models = useModels();
  const patch = useSettingsPatch();
  const id = useId();
  const known = models.find((model) => model.chosen)?.languages ?? [];
  const listed = [...new Set([...known, ...(dictation.language === AUTO ? [] : [dictation.language])])];
  const options = listed
    .map((value) => ({ value, label: format.language(value) }))
    .sort((a, b) => a.label.localeCompare(b.label, code));
  return (
    <Section title={texts.speech.language.title}>
      <Row label={texts.speech.language.label} hint={texts.speech.language.hint} labelFor={id}>
        <Picker
          id={id}
          searchable={options.length > 12}
          value={dictation.language}
          options={[{ value: AUTO, label: texts.speech.language.auto }, ...options]}
          onChange={(value) => patch.mutate({ key: "dictation.language", value })}
        />
      </Row>
    </Section>
  );
}
