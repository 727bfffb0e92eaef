// The messages of one branch. Only those on the screen exist; the list stays at its end while an answer grows, for as
// long as the person is there.
import { Button, VisuallyHidden } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useRef, useState } from "react";
import { useModelChoices } from "../../ipc/assistant";
import type { ConversationView, MessageView, ModelChoice } from "../../ipc/bindings";
import { useTexts, wordFor } from "../../locales/locale";
import { Answer } from "./Answer";
import type { Step } from "./branches";
import classes from "./Conversation.module.css";
import { Question } from "./Question";
import { SystemLine } from "./SystemLine";

/** Messages beyond the edge, so that scrolling meets drawn ones. */
const OVERSCAN = 3;
/** So near to the end counts as being there. */
const AT_END_PX = 48;
/** What a line of text holds and how high it is: a first guess until a message is measured. */
const LINE_LETTERS = 84;
const LINE_PX = 22;
const AROUND_PX = 72;

const NO_CHOICES: ModelChoice[] = [];

type Props = {
  conversation: ConversationView;
  path: readonly Step[];
  editing: string | null;
  onEdit: (id: string | null) => void;
  onEdited: () => void;
};

export function Conversation({ conversation, path, editing, onEdit, onEdited }: Props) {
  const texts = useTexts().assistant;
  const choices = useModelChoices().data ?? NO_CHOICES;
  const scroll = useRef<HTMLElement>(null);
  const estimateSize = useCallback((index: number) => guessed(path[index]?.message), [path]);
  const getItemKey = useCallback((index: number) => path[index]?.message.id ?? index, [path]);
  const list = useVirtualizer<HTMLElement, HTMLLIElement>({
    count: path.length,
    getScrollElement: () => scroll.current,
    estimateSize,
    getItemKey,
    measureElement: measured,
    overscan: OVERSCAN,
    paddingStart: 16,
    paddingEnd: 24,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: AT_END_PX,
  });
  useLayoutEffect(() => list.scrollToEnd(), [list]);
  // Whoever asks wants to see the answer, wherever the list was.
  const last = path.at(-1)?.message;
  const lastBefore = useRef(last?.id);
  useLayoutEffect(() => {
    if (last && last.id !== lastBefore.current && last.parent === lastBefore.current) list.scrollToEnd();
    lastBefore.current = last?.id;
  }, [last, list]);
  const [isAtEnd, setAtEnd] = useState(true);

  return (
    <div className={classes.frame}>
      <SystemLine text={conversation.system} />
      <section
        ref={scroll}
        className={classes.scroll}
        aria-label={texts.conversation.label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the arrow keys.
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight <= AT_END_PX)
        }
      >
        <ol className={classes.list} style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map(({ key, index, start }) => {
            const step = path[index];
            if (!step) return null;
            const { message, siblings } = step;
            const shared = { message, siblings, messages: conversation.messages, conversation: conversation.id };
            return (
              <li
                key={key}
                ref={list.measureElement}
                data-index={index}
                className={classes.item}
                style={{ transform: `translateY(${start}px)` }}
                aria-posinset={index + 1}
                aria-setsize={path.length}
              >
                {message.role === "user" ? (
                  <Question {...shared} isEdited={editing === message.id} onEdit={onEdit} onEdited={onEdited} />
                ) : (
                  <Answer {...shared} choices={choices} />
                )}
              </li>
            );
          })}
        </ol>
      </section>
      {isAtEnd ? null : (
        <Button
          className={classes.newest}
          variant="default"
          size="xs"
          leftSection={<IconArrowDown size={14} stroke={1.5} aria-hidden />}
          onClick={() => list.scrollToEnd()}
        >
          {texts.conversation.newest}
        </Button>
      )}
      <VisuallyHidden role="status" aria-live="polite">
        {saidOf(last, texts.states)}
      </VisuallyHidden>
    </div>
  );
}

/** The state in words, for those who cannot see it; never the words of the answer one by one. */
function saidOf(last: MessageView | undefined, states: Record<string, string>): string {
  return last?.role === "assistant" ? wordFor(states, last.state) : "";
}

function guessed(message: MessageView | undefined): number {
  if (!message) return AROUND_PX;
  return AROUND_PX + Math.ceil(message.text.length / LINE_LETTERS) * LINE_PX;
}

type Measure = NonNullable<Parameters<typeof useVirtualizer<HTMLElement, HTMLLIElement>>[0]["measureElement"]>;

/** A message that is not laid out has no height of its own: it keeps the guess. */
const measured: Measure = (element, entry, list) => {
  const height = entry?.borderBoxSize[0]?.blockSize ?? element.offsetHeight;
  const index = list.indexFromElement(element);
  return Math.round(height) || (list.measurementsCache[index]?.size ?? list.options.estimateSize(index));
};
