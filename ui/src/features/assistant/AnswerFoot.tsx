// Below an answer: who wrote it and what it took, and what can be done with it.
import { ActionIcon, Menu } from "@mantine/core";
import { IconChevronDown, IconRefresh } from "@tabler/icons-react";
import { useContext } from "react";
import { client } from "../../ipc/client";
import { useCommand } from "../../ipc/queries";
import { useLocale, useTexts } from "../../locales/locale";
import type { AnswerProps } from "./Answer";
import { BranchSwitch } from "./BranchSwitch";
import classes from "./Conversation.module.css";
import { CopyButton } from "./CopyButton";
import { costWords, writerName } from "./names";
import { GrowthContext } from "./useOpen";

export function AnswerFoot(props: AnswerProps) {
  const { message, choices } = props;
  const growth = useContext(GrowthContext);
  return (
    <div className={classes.foot}>
      <Facts message={message} choices={choices} />
      <BranchSwitch {...props} />
      <CopyButton text={() => growth.textOf(message)} />
      <Again message={message} choices={choices} />
    </div>
  );
}

type PartProps = Pick<AnswerProps, "message" | "choices">;

function Facts({ message, choices }: PartProps) {
  const { texts, format } = useLocale();
  const { tokens_in, tokens_out, is_estimated } = message;
  const words = texts.assistant.answer;
  const tokens =
    tokens_in === null && tokens_out === null
      ? undefined
      : words.tokens(format.number(tokens_in ?? 0), format.number(tokens_out ?? 0));
  const said = [
    writerName(message, choices, texts),
    tokens && is_estimated ? words.about(tokens) : tokens,
    costWords(message, texts, format),
  ].filter(Boolean);
  return (
    <span className={classes.facts} title={format.moment(new Date(message.created_at))}>
      {said.join(" · ")}
    </span>
  );
}

/** Asks the same question once more: the same model, or another one. */
function Again({ message, choices }: PartProps) {
  const texts = useTexts().assistant.answer;
  const again = useCommand(client.assistantRegenerate);
  const others = choices.filter((choice) => choice.unavailable === null);
  return (
    <span className={classes.together}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={texts.again}
        title={texts.again}
        onClick={() => again.mutate([message.id, null])}
      >
        <IconRefresh size={14} stroke={1.5} />
      </ActionIcon>
      {others.length > 1 ? (
        <Menu
          position="top-end"
          portalProps={{ target: "#page" }}
          transitionProps={{ duration: 0 }}
          withInitialFocusPlaceholder={false}
        >
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={24}
              w={18}
              miw={18}
              aria-label={texts.againWith}
              title={texts.againWith}
            >
              <IconChevronDown size={12} stroke={1.5} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown className={classes.menu}>
            {others.map(({ id, label, provider_label }) => (
              <Menu.Item key={id} onClick={() => again.mutate([message.id, id])}>
                {label} <span className={classes.bytes}>{provider_label}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </span>
  );
}
