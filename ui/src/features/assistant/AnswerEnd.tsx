// How an answer ended, where that is not simply its end: said plainly, with what can be done.
import { Button, Group } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ProblemText } from "../../components/ProblemText";
import type { MessageView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./Conversation.module.css";

/** The contract lets it leave only with the user's yes. */
const CONSENT = "TT-LLM-191";

export function AnswerEnd({ message }: { message: MessageView }) {
  const texts = useTexts().assistant.answer;
  const { state, finish, problem } = message;
  if (state === "interrupted")
    return (
      <End message={message} isBad>
        {problem ? (
          <ProblemText problem={{ ...problem, message: texts.cut(problem.message) }} />
        ) : (
          <p>{texts.cutPlain}</p>
        )}
      </End>
    );
  if (state === "failed")
    return (
      <End message={message} isBad>
        {problem ? <ProblemText problem={problem} /> : <p>{texts.failed}</p>}
      </End>
    );
  if (state === "cancelled")
    return (
      <End message={message}>
        <p>{texts.cancelled}</p>
      </End>
    );
  if (state !== "complete" || finish === null || finish === "stop" || finish === "other") return null;
  return (
    <End message={message}>
      <p>{texts.finish[finish]}</p>
    </End>
  );
}

type EndProps = { message: MessageView; isBad?: boolean; children: ReactNode };

function End({ message, isBad = false, children }: EndProps) {
  const texts = useTexts().assistant.answer;
  const goOn = useCommand(client.assistantContinue);
  const again = useCommand(client.assistantRegenerate);
  const agree = useCommand(client.assistantAgree);
  const Icon = isBad ? IconAlertTriangle : IconInfoCircle;
  return (
    <div className={classes.end} data-bad={isBad || undefined} role="note">
      <Icon size={16} stroke={1.5} aria-hidden />
      <div className={classes.endText}>{children}</div>
      <Group gap="xs" wrap="nowrap">
        {message.can_continue ? (
          <Button variant="default" size="xs" loading={goOn.isPending} onClick={() => goOn.mutate([message.id])}>
            {texts.goOn}
          </Button>
        ) : null}
        {message.problem?.code === CONSENT ? (
          <Button variant="default" size="xs" loading={agree.isPending} onClick={() => agree.mutate([message.id])}>
            {texts.agree}
          </Button>
        ) : null}
        {message.state === "complete" ? null : (
          <Button
            variant="default"
            size="xs"
            loading={again.isPending}
            onClick={() => again.mutate([message.id, null])}
          >
            {texts.again}
          </Button>
        )}
      </Group>
    </div>
  );
}
