// One answer: how it came about, what was thought, what is said, how it ended, what it cost.
import { memo } from "react";
import type { MessageView, ModelChoice } from "../../ipc/bindings";
import { useLocale } from "../../locales/locale";
import { AnswerEnd } from "./AnswerEnd";
import { AnswerFoot } from "./AnswerFoot";
import classes from "./Conversation.module.css";
import { Fold } from "./Fold";
import { Blocks } from "./markdown/Blocks";
import { Notices } from "./Notices";
import { writerName } from "./names";
import { useGrown } from "./useOpen";

export type AnswerProps = {
  message: MessageView;
  siblings: readonly MessageView[];
  messages: readonly MessageView[];
  conversation: string;
  choices: readonly ModelChoice[];
};

export const Answer = memo(function Answer(props: AnswerProps) {
  const { message, choices } = props;
  const { texts } = useLocale();
  return (
    <article className={classes.answer} data-role="assistant" data-id={message.id} data-state={message.state}>
      <h2 className={classes.who}>{writerName(message, choices, texts) ?? texts.assistant.conversation.assistant}</h2>
      <Notices message={message} choices={choices} />
      <Growing message={message} />
      <AnswerEnd message={message} />
      {message.state === "streaming" ? null : <AnswerFoot {...props} />}
    </article>
  );
});

/** The only part that is drawn with each delta. */
function Growing({ message }: { message: MessageView }) {
  const { text, reasoning, isEmpty, isThinking } = useGrown(message);
  const words = useLocale().texts.assistant.answer;
  const hasThought = reasoning.done.length > 0 || reasoning.open.length > 0;
  return (
    <>
      {hasThought ? (
        <Fold label={isThinking ? `${words.thinking}…` : words.thinking}>
          <Blocks reading={reasoning} isGrowing={message.state === "streaming"} />
        </Fold>
      ) : null}
      {isEmpty && message.state === "streaming" && !isThinking ? (
        <p className={classes.waiting} data-waiting>
          {words.waiting}…
        </p>
      ) : null}
      <Blocks reading={text} isGrowing={message.state === "streaming"} />
    </>
  );
}
