// Where the next question is written, with what goes along and who is asked.
import { ActionIcon, FileButton, Textarea } from "@mantine/core";
import { IconArrowUp, IconPaperclip, IconPlayerStopFilled } from "@tabler/icons-react";
import { type ClipboardEvent, type KeyboardEvent, type Ref, useImperativeHandle, useRef, useState } from "react";
import { useModelChoices } from "../../ipc/assistant";
import type { Asked, ConversationView, ModelChoice } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand, useSnapshotIfKnown } from "../../ipc/queries";
import { useLocale } from "../../locales/locale";
import { AttachedList } from "./AttachedList";
import { encoded, LONG_PASTE, MOST_LETTERS } from "./attachments";
import type { Step } from "./branches";
import classes from "./Composer.module.css";
import { isSend } from "./keys";
import { MicButton } from "./MicButton";
import { ModelPicker } from "./ModelPicker";
import { choiceOf } from "./names";
import { type PromptChoice, PromptPicker, systemOf } from "./prompts/PromptPicker";
import { useAttachments } from "./useAttachments";
import { useDrop } from "./useDrop";
import { stop, writingOn } from "./useShortcuts";

export type ComposerHandle = { focus: () => void };

type Props = {
  conversation: ConversationView | null;
  id: string | null;
  path: readonly Step[];
  /** What was written before, and where it is kept when another conversation is opened. */
  draft: string;
  onDraft: (text: string) => void;
  onAsked: (asked: Asked) => void;
  onEditLast: () => void;
  ref: Ref<ComposerHandle>;
};

export function Composer({ conversation, id, path, draft, onDraft, onAsked, onEditLast, ref }: Props) {
  const { texts, format } = useLocale();
  const words = texts.assistant.composer;
  const choices = useModelChoices().data ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [prompt, setPrompt] = useState<PromptChoice>({ kind: "standard" });
  const [text, setText] = useState(draft);
  const [said, setSaid] = useState<string | null>(null);
  const model = modelFor(choices, chosen ?? conversation?.model ?? null);
  const files = useAttachments([], model);
  const field = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(ref, () => ({ focus: () => field.current?.focus() }));
  const isDropping = useDrop(files.add);

  const write = (next: string) => {
    setText(next);
    onDraft(next);
    setSaid(null);
  };
  const ask = useCommand(async () => {
    const question = {
      conversation: id,
      parent: path.at(-1)?.message.id ?? null,
      text: text.trim(),
      attachments: await Promise.all(files.attached.map(encoded)),
      instead_of: null,
      model: chosen,
      system: id === null ? systemOf(prompt) : null,
    };
    const asked = await client.assistantAsk(question);
    write("");
    files.clear();
    onAsked(asked);
  }, [queryKeys.conversations]);

  const blind = model?.vision === false && files.attached.some((one) => one.isPicture);
  const notes = [
    ...files.refused,
    ...(blind && files.refused.length === 0 ? [words.noVision(model.label)] : []),
    ...(text.length > MOST_LETTERS ? [words.tooLong(format.number(MOST_LETTERS))] : []),
    ...(said === null ? [] : [said]),
  ];
  const writing = writingOn(path);
  const canSend =
    text.trim() !== "" && !blind && text.length <= MOST_LETTERS && writing === undefined && !ask.isPending;
  const send = () => {
    if (canSend) ask.mutate([]);
    else if (text.trim() === "" && files.attached.length > 0) setSaid(words.needsWords);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isSend(event)) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && text === "" && files.attached.length === 0) {
      event.preventDefault();
      onEditLast();
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files];
    const plain = event.clipboardData.getData("text/plain");
    if (pasted.length === 0 && plain.length <= LONG_PASTE) return;
    event.preventDefault();
    const all = pasted.length > 0 ? pasted : [new File([plain], words.pastedName, { type: "text/plain" })];
    void files.add(all).then(() => {
      if (pasted.length === 0) setSaid(words.pasted(format.bytes(all[0]?.size ?? 0)));
    });
  };

  return (
    <div className={classes.around}>
      <form
        className={classes.card}
        data-dropping={isDropping || undefined}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <AttachedList attached={files.attached} onRemove={files.remove} />
        <Heard />
        <Textarea
          ref={field}
          variant="unstyled"
          className={classes.field}
          autosize
          minRows={1}
          maxRows={8}
          autoFocus
          aria-label={words.label}
          placeholder={isDropping ? words.drop : words.placeholder}
          value={text}
          onChange={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <div className={classes.tools}>
          <FileButton multiple onChange={(picked) => void files.add(picked)}>
            {(button) => (
              <ActionIcon
                {...button}
                variant="subtle"
                color="gray"
                size={30}
                aria-label={words.attach}
                title={words.attach}
              >
                <IconPaperclip size={18} stroke={1.5} />
              </ActionIcon>
            )}
          </FileButton>
          <Mic />
          {id === null ? <PromptPicker chosen={prompt} onChoose={setPrompt} /> : null}
          <ModelPicker choices={choices} value={model?.id ?? null} onChange={setChosen} />
          {writing === undefined ? (
            <ActionIcon
              type="submit"
              size={30}
              ml="auto"
              aria-label={words.send}
              title={words.send}
              disabled={!canSend && files.attached.length === 0}
              loading={ask.isPending}
            >
              <IconArrowUp size={18} stroke={2} />
            </ActionIcon>
          ) : (
            <ActionIcon
              variant="default"
              size={30}
              ml="auto"
              aria-label={words.stop}
              title={words.stop}
              onClick={() => stop(writing)}
            >
              <IconPlayerStopFilled size={14} />
            </ActionIcon>
          )}
        </div>
      </form>
      <div className={classes.notes} role="status">
        {notes.map((note) => (
          <p key={note}>{note}</p>
        ))}
      </div>
    </div>
  );
}

/** The model that will be asked: the chosen one, the conversation's, or the first of the user's order. */
function modelFor(choices: readonly ModelChoice[], wanted: string | null): ModelChoice | undefined {
  return (
    choiceOf(choices, wanted) ??
    choices.find(({ is_default }) => is_default) ??
    choices.find(({ unavailable }) => unavailable === null)
  );
}

function Mic() {
  return <MicButton isListening={useSnapshotIfKnown()?.state === "recording"} />;
}

/** What is heard while the microphone is held. */
function Heard() {
  const { texts } = useLocale();
  const snapshot = useSnapshotIfKnown();
  if (snapshot?.state !== "recording") return null;
  const { committed = "", tentative = "" } = snapshot.live ?? {};
  return (
    <p className={classes.heard} aria-live="polite">
      {committed === "" && tentative === "" ? texts.assistant.composer.listening : committed}{" "}
      <span className={classes.tentative}>{tentative}</span>
    </p>
  );
}
