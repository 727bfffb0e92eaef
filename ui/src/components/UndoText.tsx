// What was done, with the way back beside it.
import { Button, Group } from "@mantine/core";
import { useTexts } from "../locales/locale";

export function UndoText({ message, onUndo }: { message: string; onUndo: () => void }) {
  const texts = useTexts();
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <span>{message}</span>
      <Button variant="default" size="compact-sm" onClick={onUndo}>
        {texts.common.undo}
      </Button>
    </Group>
  );
}
