// What the user knows better of a model: its price and how much it holds. It counts before what is known without them.
import { Button, NumberInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ProblemNote } from "../../../components/ProblemNote";
import type { ModelEdit } from "../../../ipc/bindings";
import { client, problemOf } from "../../../ipc/client";
import { inPlace, queryKeys, useCommand, useSettings } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";
import { type Draft, editOf, type Ordered } from "./order";
import classes from "./Settings.module.css";

/** The app's own bounds: dollars for a million tokens, and tokens. */
const MOST_DOLLARS = 100_000;
const MOST_TOKENS = 1_000_000_000;

export function EditModel({ row: { id, name, choice }, onClose }: { row: Ordered; onClose: () => void }) {
  const { common, assistantPage } = useTexts();
  const texts = assistantPage.models;
  const { model_edits: edits } = useSettings().assistant;
  const own = edits.find((edit) => edit.model === id);
  const [draft, setDraft] = useState<Draft>({
    input: own?.input ?? choice?.price?.input ?? "",
    output: own?.output ?? choice?.price?.output ?? "",
    window: own?.window ?? choice?.window ?? "",
  });
  const save = useCommand(
    (edit: ModelEdit | null) => {
      const others = edits.filter((other) => other.model !== id);
      return client.settingsPatch({ key: "assistant.model_edits", value: edit ? [...others, edit] : others });
    },
    [queryKeys.settings, queryKeys.choices],
    onClose,
    inPlace,
  );
  const edit = editOf(id, draft);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (edit && !save.isPending) save.mutate([edit]);
  };
  const field = (part: keyof Draft, max: number) => ({
    label: texts[part],
    min: 0,
    max,
    hideControls: true,
    value: draft[part],
    onChange: (value: number | string) => setDraft((before) => ({ ...before, [part]: value })),
  });
  return (
    <form onSubmit={submit} noValidate className={classes.form} aria-label={texts.edit(name)}>
      <div className={classes.three}>
        <NumberInput {...field("input", MOST_DOLLARS)} autoFocus prefix="$" decimalScale={6} />
        <NumberInput {...field("output", MOST_DOLLARS)} prefix="$" decimalScale={6} />
        <NumberInput {...field("window", MOST_TOKENS)} allowDecimal={false} thousandSeparator=" " />
      </div>
      {save.isError ? <ProblemNote problem={problemOf(save.error)} /> : null}
      <div className={classes.steps} data-end>
        {own ? (
          <Button variant="subtle" color="gray" size="xs" onClick={() => save.mutate([null])}>
            {texts.asKnown}
          </Button>
        ) : null}
        <Button variant="default" size="xs" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" disabled={edit === null} loading={save.isPending}>
          {assistantPage.providers.save}
        </Button>
      </div>
    </form>
  );
}
