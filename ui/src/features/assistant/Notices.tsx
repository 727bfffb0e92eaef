// Who could not answer before somebody did, and why: one quiet line, every step of it on a click.
import type { MessageView, ModelChoice, NoticeView } from "../../ipc/bindings";
import { useLocale } from "../../locales/locale";
import classes from "./Conversation.module.css";
import { Fold } from "./Fold";
import { nameOf, othersOf, writerName, writerOf } from "./names";

type Props = { message: MessageView; choices: readonly ModelChoice[] };

export function Notices({ message, choices }: Props) {
  const { texts } = useLocale();
  const { notices } = message;
  if (notices.length === 0) return null;
  const words = texts.assistant.notices;
  const name = writerName(message, choices, texts);
  const others = othersOf(notices, writerOf(message, choices)?.id ?? message.model ?? undefined);
  const isAnswered = name !== undefined && message.state !== "failed";
  const head = isAnswered
    ? others.length > 0
      ? words.after(name, others.length)
      : words.again(name)
    : words.waiting(others.length);
  const why = [...new Set(notices.map((notice) => notice.sentence))].join(" ");
  return (
    <Fold label={`${head}: ${why}`}>
      <ol className={classes.notices}>
        {notices.map((notice, index) => (
          <li key={`${index} ${notice.target}`}>
            <Step notice={notice} choices={choices} />
          </li>
        ))}
      </ol>
    </Fold>
  );
}

function Step({ notice, choices }: { notice: NoticeView; choices: readonly ModelChoice[] }) {
  const words = useLocale().texts.assistant.notices;
  const { kind, target, code, sentence, then, to } = notice;
  const next = to === null ? "" : nameOf(choices, to);
  const onward =
    then === "again" ? words.onward.again : then === null || next === "" ? undefined : words.onward[then](next);
  return (
    <>
      <strong>{nameOf(choices, target)}</strong> ({words[kind]}): {sentence}
      {onward ? ` ${onward}.` : ""} <span className={classes.code}>{code}</span>
    </>
  );
}
