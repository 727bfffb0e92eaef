// Which of several branches is shown, and the way to the others.
import { ActionIcon } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useConversationCache } from "../../ipc/assistant";
import type { MessageView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand } from "../../ipc/queries";
import { useLocale } from "../../locales/locale";
import { leafBelow } from "./branches";
import classes from "./Conversation.module.css";

type Props = {
  message: MessageView;
  siblings: readonly MessageView[];
  messages: readonly MessageView[];
  conversation: string;
};

export function BranchSwitch({ message, siblings, messages, conversation }: Props) {
  const { texts, format } = useLocale();
  const words = texts.assistant.branch;
  const { change, fetchAgain } = useConversationCache();
  const show = useCommand(async (leaf: string) => {
    change(conversation, (view) => ({ ...view, leaf }));
    await client.conversationShow(conversation, leaf).catch((error: unknown) => {
      void fetchAgain(conversation);
      throw error;
    });
  });
  if (siblings.length < 2) return null;
  const at = siblings.findIndex((one) => one.id === message.id);
  const step = (by: number) => {
    const next = siblings[at + by];
    if (next) show.mutate([leafBelow(messages, next.id)]);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own form look.
    <span className={classes.branches} role="group" aria-label={words.label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={words.previous}
        disabled={at === 0}
        onClick={() => step(-1)}
      >
        <IconChevronLeft size={14} stroke={1.5} />
      </ActionIcon>
      <span>{words.of(format.number(at + 1), format.number(siblings.length))}</span>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={words.next}
        disabled={at === siblings.length - 1}
        onClick={() => step(1)}
      >
        <IconChevronRight size={14} stroke={1.5} />
      </ActionIcon>
    </span>
  );
}
