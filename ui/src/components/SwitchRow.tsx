// A setting that is on or off.
import { Switch } from "@mantine/core";
import { useId } from "react";
import { Row } from "./Page";

type Props = { label: string; hint?: string; checked: boolean; onChange: (checked: boolean) => void };

export function SwitchRow({ label, hint, checked, onChange }: Props) {
  const id = useId();
  return (
    <Row label={label} hint={hint} labelFor={id}>
      <Switch id={id} size="sm" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
    </Row>
  );
}
