// The models there are, and a way in for one that is not in the catalogue.

import { IconDatabase } from "@tabler/icons-react";
import { EmptyNote } from "../../components/EmptyNote";
import { Section } from "../../components/Page";
import { client } from "../../ipc/client";
import { queryKeys, useModels, useSettingsPatch, useSnapshot } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { ImportModel } from "./ImportModel";
import { ModelCard } from "./ModelCard";

export function ModelSection() {
  const texts = useTexts().speech.models;
  const models = useModels();
  const { install } = useSnapshot();
  const patch = useSettingsPatch();
  const deeds = (id: string) => ({
    list: queryKeys.models,
    use: () => patch.mutate({ key: "speech.model", value: id }),
    remove: client.modelsRemove,
  });
  return (
    <Section title={texts.title} hint={texts.hint}>
      {models.length === 0 ? (
        <EmptyNote icon={IconDatabase} title={texts.empty} hint={texts.emptyHint} />
      ) : (
        models.map((model) => <ModelCard key={model.id} model={model} install={install} deeds={deeds(model.id)} />)
      )}
      <ImportModel importModel={client.modelsImport} list={queryKeys.models} hint={texts.importHint} />
    </Section>
  );
}
