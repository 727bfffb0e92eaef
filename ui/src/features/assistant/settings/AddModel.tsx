// One more model: out of a provider's own list, or written by hand.
import { Autocomplete, Button, Group, Select, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ProblemNote } from "../../../components/ProblemNote";
import type { ProviderTested } from "../../../ipc/bindings";
import { client, problemOf } from "../../../ipc/client";
import { useListedModels, useProviders, useProviderTest } from "../../../ipc/providers";
import { inPlace, queryKeys, useCommand, useSettings } from "../../../ipc/queries";
import { useLocale, useTexts } from "../../../locales/locale";
import { isModelId, withProvider } from "./order";
import classes from "./Settings.module.css";

/** A provider can have hundreds; whoever looks for one types its name. */
const MOST_SHOWN = 60;

/** The page's own landmark, where a screen reader expects what belongs to it; what is too long scrolls by itself. */
const DROPDOWN = {
  comboboxProps: { portalProps: { target: "#page" }, transitionProps: { duration: 0 } },
  withScrollArea: false,
  classNames: { options: classes.options },
} as const;

export function AddModel({ onClose }: { onClose: () => void }) {
  const { common, assistantPage } = useTexts();
  const texts = assistantPage.models;
  const { models } = useSettings().assistant;
  const [provider, setProvider] = useState<string | null>(null);
  const [model, setModel] = useState("");
  const listed = useListedModels(provider);
  const save = useCommand(
    (id: string) => client.settingsPatch({ key: "assistant.models", value: [...models, id] }),
    [queryKeys.settings, queryKeys.choices],
    onClose,
    inPlace,
  );
  const wanted = model.trim();
  const wrong = models.includes(wanted) ? texts.twice : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isModelId(wanted) && !wrong && !save.isPending) save.mutate([wanted]);
  };
  const choose = (id: string) => {
    setProvider(id);
    setModel((before) => withProvider(before, id));
  };
  return (
    <form onSubmit={submit} noValidate className={classes.form} aria-label={texts.add}>
      <FromList provider={provider} onChoose={choose} />
      <Autocomplete
        label={texts.model}
        description={texts.modelHint}
        placeholder="openai/gpt-4o"
        data={listed.map((id) => `${provider}/${id}`)}
        limit={MOST_SHOWN}
        spellCheck={false}
        value={model}
        error={wrong ?? (wanted !== "" && !wanted.endsWith("/") && !isModelId(wanted) ? texts.form : undefined)}
        {...DROPDOWN}
        onChange={setModel}
      />
      {save.isError ? <ProblemNote problem={problemOf(save.error)} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" size="xs" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" disabled={!isModelId(wanted) || wrong !== undefined} loading={save.isPending}>
          {texts.save}
        </Button>
      </Group>
    </form>
  );
}

/** Which provider, and the one request that brings its list. */
function FromList({ provider, onChoose }: { provider: string | null; onChoose: (id: string) => void }) {
  const { texts, format } = useLocale();
  const words = texts.assistantPage.models;
  const providers = useProviders();
  const [tested, setTested] = useState<ProviderTested | null>(null);
  const test = useProviderTest(setTested);
  const answer = tested?.id === provider ? tested : null;
  const said = answer === null ? words.listHint : (answer.models?.length ?? 0) === 0 ? words.noList : undefined;
  return (
    <>
      <div className={classes.pair}>
        <Select
          label={words.provider}
          placeholder={words.choose}
          autoFocus
          data={providers.map(({ id, label }) => ({ value: id, label }))}
          value={provider}
          allowDeselect={false}
          {...DROPDOWN}
          onChange={(id) => {
            if (id === null) return;
            test.reset();
            onChoose(id);
          }}
        />
        <Button
          variant="default"
          disabled={provider === null}
          loading={test.isPending}
          onClick={() => {
            if (provider !== null) test.mutate([provider]);
          }}
        >
          {words.list}
        </Button>
      </div>
      <Text size="xs" c="dimmed" role="status">
        {said ?? words.listed(format.number(answer?.models?.length ?? 0))}
      </Text>
      {test.isError ? <ProblemNote problem={problemOf(test.error)} /> : null}
    </>
  );
}
