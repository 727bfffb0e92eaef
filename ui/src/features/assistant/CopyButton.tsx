// Copies a text, and says for a moment that it did.
import { ActionIcon } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTexts } from "../../locales/locale";

/** Long enough to be seen. */
const DONE_MS = 1500;

type Props = { text: () => string; label?: string };

export function CopyButton({ text, label }: Props) {
  const texts = useTexts().assistant.answer;
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), DONE_MS);
    return () => clearTimeout(timer);
  }, [isDone]);
  const name = label ?? texts.copy;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={24}
      aria-label={isDone ? texts.copied : name}
      title={name}
      onClick={() => void navigator.clipboard.writeText(text()).then(() => setDone(true))}
    >
      {isDone ? <IconCheck size={14} stroke={1.5} /> : <IconCopy size={14} stroke={1.5} />}
    </ActionIcon>
  );
}
