// A setting that is a number.
import { useId } from "react";
import { AmountInput } from "./AmountInput";
import { Row } from "./Page";

type Props = {
  label: string;
  hint?: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  unit?: string;
  width?: number;
  onCommit: (value: number) => void;
};

export function AmountRow({ label, hint, ...amount }: Props) {
  const id = useId();
  return (
    <Row label={label} hint={hint} labelFor={id}>
      <AmountInput id={id} {...amount} />
    </Row>
  );
}
