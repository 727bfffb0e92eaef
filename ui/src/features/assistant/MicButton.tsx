// Hold to speak: the words become a question in the open conversation.
import { ActionIcon } from "@mantine/core";
import { IconMicrophone } from "@tabler/icons-react";
import { sayProblem } from "../../components/toasts";
import { useHold } from "../../components/useHold";
import { client, problemOf } from "../../ipc/client";
import { useTexts } from "../../locales/locale";

const listen = (on: boolean) => void client.assistantListen(on).catch((error: unknown) => sayProblem(problemOf(error)));

export function MicButton({ isListening }: { isListening: boolean }) {
  const texts = useTexts().assistant.composer;
  const hold = useHold(
    () => listen(true),
    () => listen(false),
  );
  return (
    <ActionIcon
      variant={isListening ? "filled" : "subtle"}
      color={isListening ? "coral" : "gray"}
      size={30}
      aria-label={texts.hold}
      aria-pressed={isListening}
      title={texts.hold}
      {...hold}
    >
      <IconMicrophone size={18} stroke={1.5} />
    </ActionIcon>
  );
}
