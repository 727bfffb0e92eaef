// A button that works while it is held.
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useHold } from "./useHold";

type Props = {
  onPress: () => void;
  onRelease: () => void;
  active: boolean;
  disabled?: boolean;
  icon: ReactNode;
  children: ReactNode;
};

export function HoldButton({ onPress, onRelease, active, disabled = false, icon, children }: Props) {
  const hold = useHold(onPress, onRelease);
  return (
    <Button size="md" leftSection={icon} disabled={disabled} aria-pressed={active} {...hold}>
      {children}
    </Button>
  );
}
