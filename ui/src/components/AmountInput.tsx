// A number of milliseconds (or another unit) that is taken over when the field is left or Enter is pressed.
import { NumberInput } from "@mantine/core";
import { useEffect, useState } from "react";

type Props = {
  id: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  unit?: string;
  /** In pixels; for a large number with a long unit. */
  width?: number;
  onCommit: (value: number) => void;
};

export function AmountInput({ id, value, min, max, step = 1, unit, width = 96, onCommit }: Props) {
  const [draft, setDraft] = useState<number | string>(value);
  useEffect(() => setDraft(value), [value]);
  const commit = () => {
    const next = typeof draft === "number" ? Math.min(max, Math.max(min, Math.round(draft))) : value;
    setDraft(next);
    if (next !== value) onCommit(next);
  };
  return (
    <NumberInput
      id={id}
      w={width}
      size="xs"
      value={draft}
      onChange={setDraft}
      min={min}
      max={max}
      step={step}
      suffix={unit ? ` ${unit}` : undefined}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
