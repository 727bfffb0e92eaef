// How long and with how much a worker of one's own may live: environment, memory, its end. All of it may stay empty.
import { Textarea, TextInput } from "@mantine/core";
import { useTexts } from "../../locales/locale";
import type { Draft, DraftField } from "./draft";

type Props = {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  errorAt: (field: DraftField) => string | undefined;
};

export function LifeFields({ draft, change, errorAt }: Props) {
  const texts = useTexts().engines.own;
  const amount = (key: "memory" | "grace" | "codes", field: DraftField) => ({
    label: texts[key],
    description: texts[`${key}Hint`],
    error: errorAt(field),
    value: draft[key],
    inputMode: "numeric" as const,
    mt: "sm",
    onChange: (event: { currentTarget: { value: string } }) => change({ [key]: event.currentTarget.value }),
  });
  return (
    <>
      <Textarea
        label={texts.env}
        description={texts.envHint}
        error={errorAt("env")}
        rows={2}
        mt="sm"
        spellCheck={false}
        value={draft.env}
        onChange={(event) => change({ env: event.currentTarget.value })}
      />
      <TextInput {...amount("memory", "memory_ceiling_mb")} />
      <TextInput {...amount("grace", "stop_grace_s")} />
      <TextInput {...amount("codes", "do_not_retry")} />
    </>
  );
}
