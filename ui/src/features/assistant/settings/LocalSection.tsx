// The model on this machine: which one, where more come from, and what else was found here that could answer.
import { Button } from "@mantine/core";
import { Row, Section } from "../../../components/Page";
import { client } from "../../../ipc/client";
import { useLanguageFound, useLanguageModels } from "../../../ipc/language";
import { queryKeys, useSettings, useSettingsPatch, useSnapshot } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";
import { ImportModel } from "../../speech/ImportModel";
import { ModelCard } from "../../speech/ModelCard";

export function LocalSection() {
  const texts = useTexts().assistantPage.local;
  const models = useLanguageModels();
  const { install } = useSnapshot();
  const patch = useSettingsPatch();
  const deeds = (path: string | null) => ({
    list: queryKeys.languageModels,
    use: () => patch.mutate({ key: "workers.llama_model", value: path }),
    remove: client.languageRemove,
  });
  return (
    <Section title={texts.title} hint={texts.hint}>
      <Found />
      {models.map((model) => (
        <ModelCard
          key={model.id}
          model={{ ...model, bytes: model.bytes ?? 0 }}
          install={install}
          deeds={deeds(model.path)}
        />
      ))}
      <ImportModel importModel={client.languageImport} list={queryKeys.languageModels} hint={texts.importHint} />
    </Section>
  );
}

/** What runs models here, or could: nothing of it is taken without a click. */
function Found() {
  const texts = useTexts().assistantPage.local;
  const found = useLanguageFound();
  const { assistant } = useSettings();
  const patch = useSettingsPatch();
  if (found === undefined) return null;
  const more = (found.ollama ?? []).map((name) => `ollama/${name}`).filter((name) => !assistant.models.includes(name));
  return (
    <>
      {found.program === null ? <Row label={texts.noServer} hint={texts.noServerHint} /> : null}
      {found.on_path === null ? null : (
        <Row label={texts.server} hint={found.on_path}>
          <Button
            variant="default"
            size="xs"
            aria-label={texts.useServer}
            onClick={() => patch.mutate({ key: "workers.llama_program", value: found.on_path })}
          >
            {texts.use}
          </Button>
        </Row>
      )}
      {more.length === 0 ? null : (
        <Row label={texts.ollama} hint={texts.ollamaHint(more.length, more.slice(0, 3).join(", "))}>
          <Button
            variant="default"
            size="xs"
            aria-label={texts.addOllama}
            onClick={() =>
              patch.mutate({ key: "assistant.models", value: [...assistant.models, ...more].slice(0, 64) })
            }
          >
            {texts.add}
          </Button>
        </Row>
      )}
    </>
  );
}
