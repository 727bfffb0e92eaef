// Above the conversation: its title, and how full the model's window is.
import { ActionIcon, Progress } from "@mantine/core";
import { IconLayoutSidebar } from "@tabler/icons-react";
import { useModelChoices } from "../../ipc/assistant";
import type { ConversationView } from "../../ipc/bindings";
import { useLocale, useTexts } from "../../locales/locale";
import classes from "./Assistant.module.css";
import type { Step } from "./branches";

type Props = {
  /** None while nothing is open, and while what is open is not there yet. */
  conversation: ConversationView | undefined;
  isNew: boolean;
  path: readonly Step[];
  isSidebarOpen: boolean;
  onShowSidebar: () => void;
};

export function Head({ conversation, isNew, path, isSidebarOpen, onShowSidebar }: Props) {
  const texts = useTexts().assistant;
  const known = conversation ? conversation.title || texts.sessions.untitled : undefined;
  const title = known ?? (isNew ? texts.newTitle : texts.title);
  return (
    <header className={classes.head}>
      {isSidebarOpen ? null : (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={texts.sessions.show}
          title={texts.sessions.show}
          onClick={onShowSidebar}
        >
          <IconLayoutSidebar size={18} stroke={1.5} />
        </ActionIcon>
      )}
      <h1 className={classes.title} data-cut title={title}>
        {title}
      </h1>
      <ContextMeter path={path} model={conversation?.model ?? null} />
    </header>
  );
}

/** From here on it is said that the window is nearly full. */
const NEARLY_FULL = 0.85;

/** What the last answer took of its model's window: the next question takes a little more. */
function ContextMeter({ path, model }: { path: readonly Step[]; model: string | null }) {
  const { texts, format } = useLocale();
  const words = texts.assistant.context;
  const choices = useModelChoices().data ?? [];
  const last = path.findLast(({ message }) => message.tokens_in !== null)?.message;
  if (!last) return null;
  const used = (last.tokens_in ?? 0) + (last.tokens_out ?? 0);
  const ids = [`${last.provider ?? ""}/${last.model ?? ""}`, last.model, model];
  const size = choices.find(({ id }) => ids.includes(id))?.window ?? null;
  if (size === null) return <span className={classes.meter}>{words.usedOnly(format.number(used))}</span>;
  const part = Math.min(1, used / size);
  const said = words.used(format.rounded(used), format.rounded(size), format.percent(Math.ceil(part * 100)));
  return (
    <span className={classes.meter} title={part >= NEARLY_FULL ? words.full : undefined}>
      <span data-cut>{said}</span>
      <Progress.Root size={4} w={56} aria-hidden>
        <Progress.Section
          value={part * 100}
          withAria={false}
          color={part >= NEARLY_FULL ? "var(--tt-warn)" : "var(--tt-plot)"}
        />
      </Progress.Root>
    </span>
  );
}
