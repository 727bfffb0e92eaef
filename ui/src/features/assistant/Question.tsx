// What the person asked. Edited, it is asked again on a branch of its own; the first stays.
import { ActionIcon, Button, Group, Text, Textarea } from "@mantine/core";
import { IconFile, IconMicrophone, IconPencil, IconPhoto } from "@tabler/icons-react";
import { type KeyboardEvent, memo, useState } from "react";
import type { MessageView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand } from "../../ipc/queries";
import { useLocale, useTexts } from "../../locales/locale";
import { BranchSwitch } from "./BranchSwitch";
import classes from "./Conversation.module.css";
import { CopyButton } from "./CopyButton";
import { isSend } from "./keys";

type Props = {
  message: MessageView;
  siblings: readonly MessageView[];
  messages: readonly MessageView[];
  conversation: string;
  isEdited: boolean;
  onEdit: (id: string | null) => void;
  onEdited: () => void;
};

export const Question = memo(function Question(props: Props) {
  const { message, isEdited, onEdit, onEdited } = props;
  const texts = useTexts().assistant;
  return (
    <article className={classes.question}>
      <h2 className={classes.who}>{texts.conversation.you}</h2>
      {isEdited ? (
        <Edit message={message} conversation={props.conversation} onDone={onEdited} />
      ) : (
        <>
          <div className={classes.bubble}>
            <Attached message={message} />
            <p className={classes.asked}>{message.text}</p>
          </div>
          <div className={classes.foot}>
            {message.is_spoken ? (
              <span className={classes.spoken}>
                <IconMicrophone size={14} stroke={1.5} aria-hidden />
                {texts.conversation.spoken}
              </span>
            ) : null}
            <BranchSwitch {...props} />
            <CopyButton text={() => message.text} />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={24}
              aria-label={texts.question.edit}
              title={texts.question.edit}
              onClick={() => onEdit(message.id)}
            >
              <IconPencil size={14} stroke={1.5} />
            </ActionIcon>
          </div>
        </>
      )}
    </article>
  );
});

function Attached({ message }: { message: MessageView }) {
  const { texts, format } = useLocale();
  if (message.attachments.length === 0) return null;
  return (
    <ul className={classes.attached} aria-label={texts.assistant.composer.attachments}>
      {message.attachments.map(({ name, media_type, bytes }, index) => {
        const Icon = media_type.startsWith("image/") ? IconPhoto : IconFile;
        return (
          <li key={`${index} ${name}`}>
            <Icon size={14} stroke={1.5} aria-hidden />
            <span data-cut title={name}>
              {name}
            </span>
            <span className={classes.bytes}>{format.bytes(bytes)}</span>
          </li>
        );
      })}
    </ul>
  );
}

type EditProps = { message: MessageView; conversation: string; onDone: () => void };

function Edit({ message, conversation, onDone }: EditProps) {
  const texts = useTexts().assistant.question;
  const [text, setText] = useState(message.text);
  const ask = useCommand(
    () =>
      client.assistantAsk({
        conversation,
        parent: message.parent,
        text: text.trim(),
        attachments: [],
        instead_of: message.id,
        model: null,
        system: null,
      }),
    [],
    onDone,
  );
  const send = () => {
    if (text.trim() !== "" && !ask.isPending) ask.mutate([]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      // Not for the answer that may be running.
      event.preventDefault();
      event.stopPropagation();
      onDone();
    } else if (isSend(event)) {
      event.preventDefault();
      send();
    }
  };
  return (
    <div className={classes.edit}>
      <Textarea
        autosize
        minRows={2}
        maxRows={12}
        aria-label={texts.editLabel}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        autoFocus
        onFocus={({ currentTarget }) => currentTarget.setSelectionRange(text.length, text.length)}
      />
      {message.attachments.length > 0 ? (
        <Text size="xs" c="dimmed">
          {texts.kept(message.attachments.length)}
        </Text>
      ) : null}
      <Group gap="xs" justify="flex-end">
        <Button variant="default" size="xs" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button size="xs" loading={ask.isPending} disabled={text.trim() === ""} onClick={send}>
          {texts.send}
        </Button>
      </Group>
    </div>
  );
}
