// A setting that is a short text, taken over when the field is left or Enter is pressed.
import { TextInput } from "@mantine/core";
import { useEffect, useId, useState } from "react";
import { Row } from "./Page";

type Props = { label: string; hint?: string; value: string; onCommit: (value: string) => void };

export function TextRow({ label, hint, value, onCommit }: Props) {
  const id = useId();
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const commit = () => {
    if (draft.trim() !== value) onCommit(draft.trim());
  };
  return (
    <Row label={label} hint={hint} labelFor={id}>
      <TextInput
        id={id}
        size="xs"
        w={220}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
        }}
      />
    </Row>
  );
}
