// Which model answers: how much it can hold, what it costs, and why it cannot be asked now.
import { Select } from "@mantine/core";
import { useMemo } from "react";
import type { ModelChoice } from "../../ipc/bindings";
import { useLocale } from "../../locales/locale";
import classes from "./Composer.module.css";

/** A provider can have hundreds; whoever looks for one types its name. */
const MOST_SHOWN = 60;

type Props = { choices: readonly ModelChoice[]; value: string | null; onChange: (id: string) => void };

export function ModelPicker({ choices, value, onChange }: Props) {
  const { texts } = useLocale();
  const words = texts.assistant.model;
  const byId = useMemo(() => new Map(choices.map((choice) => [choice.id, choice])), [choices]);
  const groups = useMemo(() => {
    const named = new Map<string, { value: string; label: string; disabled: boolean }[]>();
    for (const { id, label, provider_label, unavailable } of choices) {
      const items = named.get(provider_label) ?? [];
      named.set(provider_label, [...items, { value: id, label, disabled: unavailable !== null }]);
    }
    return [...named].map(([group, items]) => ({ group, items }));
  }, [choices]);
  return (
    <Select
      size="xs"
      w={160}
      variant="unstyled"
      className={classes.model}
      aria-label={words.label}
      placeholder={words.choose}
      nothingFoundMessage={words.none}
      data={groups}
      value={value !== null && byId.has(value) ? value : null}
      allowDeselect={false}
      searchable
      limit={MOST_SHOWN}
      withScrollArea={false}
      classNames={{ options: classes.options, option: classes.option }}
      withCheckIcon={false}
      renderOption={({ option }) => <Choice choice={byId.get(option.value)} />}
      comboboxProps={{
        portalProps: { target: "#page" },
        transitionProps: { duration: 0 },
        width: 380,
        position: "top-start",
      }}
      onChange={(id) => {
        if (id !== null && id !== value) onChange(id);
      }}
    />
  );
}

function Choice({ choice }: { choice: ModelChoice | undefined }) {
  const { texts, format } = useLocale();
  const words = texts.assistant.model;
  if (!choice) return null;
  const { label, window, price, is_local, vision, unavailable } = choice;
  const cost =
    price === null || price.input === null || price.output === null
      ? texts.assistant.answer.unknownPrice
      : words.price(format.dollars(price.input), format.dollars(price.output));
  const facts = [
    window === null ? words.windowUnknown : words.window(format.rounded(window)),
    is_local ? `${texts.assistant.answer.free}, ${words.local}` : cost,
    vision === true ? words.vision : undefined,
  ].filter(Boolean);
  return (
    <span className={classes.choice}>
      <span>{label}</span>
      <span className={classes.facts}>{unavailable ?? facts.join(" · ")}</span>
    </span>
  );
}
