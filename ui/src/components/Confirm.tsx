// A question before something that cannot be taken back in one click.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useTexts } from "../locales/locale";

type Props = {
  opened: boolean;
  title: string;
  body: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
};

export function Confirm({ opened, title, body, action, onConfirm, onClose }: Props) {
  const texts = useTexts();
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={400}>
      <Text c="dimmed">{body}</Text>
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" size="xs" onClick={onClose} data-autofocus>
          {texts.common.cancel}
        </Button>
        <Button
          size="xs"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </Button>
      </Group>
    </Modal>
  );
}
