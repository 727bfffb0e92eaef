// What was done, with the way back, or another thing to do, beside it.
import { Button, Group, Text } from "@mantine/core";
import { useTexts } from "../locales/locale";

type Props = { message: string; label?: string | undefined; onUndo: () => void };

export function UndoText({ message, label, onUndo }: Props) {
  const texts = useTexts();
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {message}
      </Text>
      <Button variant="default" size="compact-sm" flex="none" onClick={onUndo}>
        {label ?? texts.common.undo}
      </Button>
    </Group>
  );
}
