// What was done, with the way back, or another thing to do, beside it.
import { Button, Group } from "@mantine/core";
import { useTexts } from "../locales/locale";

type Props = { message: string; label?: string | undefined; onUndo: () => void };

export function UndoText({ message, label, onUndo }: Props) {
  const texts = useTexts();
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <span>{message}</span>
      <Button variant="default" size="compact-sm" onClick={onUndo}>
        {label ?? texts.common.undo}
      </Button>
    </Group>
  );
}
