// A server's address of the user's own; empty is the usual one. What is wrong with one, the app says.
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { ProviderView } from "../../../ipc/bindings";
import { client, problemOf } from "../../../ipc/client";
import { inPlace, queryKeys, useCommand, useSettings } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";
import { wrongAddress } from "./providers";
import classes from "./Settings.module.css";

export function AddressForm({ provider, onDone }: { provider: ProviderView; onDone: () => void }) {
  const { common, problem, assistantPage } = useTexts();
  const texts = assistantPage.providers;
  const { addresses } = useSettings().assistant;
  const [base, setBase] = useState(addresses.find((address) => address.provider === provider.id)?.base ?? "");
  const save = useCommand(
    (wanted: string) => {
      const others = addresses.filter((address) => address.provider !== provider.id);
      const value = wanted === "" ? others : [...others, { provider: provider.id, base: wanted }];
      return client.settingsPatch({ key: "assistant.addresses", value });
    },
    [queryKeys.settings, queryKeys.providers, queryKeys.choices],
    onDone,
    inPlace,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate([base.trim()]);
  };
  const sentence = problemOf(save.error)?.message ?? problem.unreachableMessage;
  const said = save.isError ? wrongAddress(sentence, provider.id) : undefined;
  return (
    <form onSubmit={submit} noValidate className={classes.address}>
      <TextInput
        label={texts.addressOf(provider.label)}
        description={texts.addressHint}
        spellCheck={false}
        autoFocus
        value={base}
        error={said}
        onChange={(event) => setBase(event.currentTarget.value)}
      />
      <div className={classes.steps}>
        <Button variant="default" size="xs" onClick={onDone}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" variant="default" loading={save.isPending}>
          {texts.save}
        </Button>
      </div>
    </form>
  );
}
