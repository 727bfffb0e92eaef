// The open conversation in each of its states: none yet, on its way, failed, gone, there.
import { IconMessageCircle, IconMessageOff } from "@tabler/icons-react";
import { EmptyNote } from "../../components/EmptyNote";
import { SkeletonRows } from "../../components/PageSkeleton";
import { ProblemNote } from "../../components/ProblemNote";
import { type useConversation, useModelChoices } from "../../ipc/assistant";
import { problemOf } from "../../ipc/client";
import { useTexts } from "../../locales/locale";
import classes from "./Assistant.module.css";
import type { Step } from "./branches";
import { Conversation } from "./Conversation";

/** The app's word for a conversation that it does not have. */
const GONE = "TT-CHAT-1102";

type Props = {
  id: string | null;
  view: ReturnType<typeof useConversation>;
  path: readonly Step[];
  editing: string | null;
  onEdit: (id: string | null) => void;
  onEdited: () => void;
};

export function ConversationPane({ id, view, path, editing, onEdit, onEdited }: Props) {
  const texts = useTexts();
  if (id === null) return <Welcome />;
  if (view.isPending)
    return (
      <div className={classes.pane}>
        <SkeletonRows />
      </div>
    );
  if (!view.data) {
    const problem = problemOf(view.error);
    if (problem?.code === GONE)
      return (
        <Middle
          icon={IconMessageOff}
          title={texts.assistant.conversation.gone}
          hint={texts.assistant.conversation.goneHint}
        />
      );
    return (
      <div className={classes.pane}>
        <ProblemNote problem={problem} action={{ label: texts.common.tryAgain, run: () => void view.refetch() }} />
      </div>
    );
  }
  if (path.length === 0) return <Welcome />;
  return (
    <Conversation key={id} conversation={view.data} path={path} editing={editing} onEdit={onEdit} onEdited={onEdited} />
  );
}

function Welcome() {
  const texts = useTexts().assistant.welcome;
  const choices = useModelChoices();
  const models = choices.data ?? [];
  if (choices.isSuccess && models.every((model) => model.unavailable !== null))
    return (
      <div className={classes.pane}>
        <EmptyNote icon={IconMessageOff} title={texts.noModel} hint={texts.noModelHint} />
        <ul className={classes.reasons}>
          {[...new Set(models.map(({ provider_label, unavailable }) => `${provider_label}: ${unavailable}`))].map(
            (line) => (
              <li key={line}>{line}</li>
            ),
          )}
        </ul>
      </div>
    );
  return <Middle icon={IconMessageCircle} title={texts.title} hint={texts.hint} />;
}

function Middle(props: Parameters<typeof EmptyNote>[0]) {
  return (
    <div className={classes.middle}>
      <EmptyNote {...props} />
    </div>
  );
}
