// Which system prompt a new conversation gets.
import { Button, Menu } from "@mantine/core";
import { IconCheck, IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { useAssistantSettings } from "../../../ipc/assistant";
import { useTexts } from "../../../locales/locale";
import { PromptLibrary } from "./PromptLibrary";
import classes from "./Prompts.module.css";

export type PromptChoice = { kind: "standard" } | { kind: "none" } | { kind: "named"; name: string; text: string };

/** As the app wants it: nothing said is the default of the settings, an empty text is none at all. */
export function systemOf(choice: PromptChoice): string | null {
  if (choice.kind === "standard") return null;
  return choice.kind === "none" ? "" : choice.text;
}

type Props = { chosen: PromptChoice; onChoose: (choice: PromptChoice) => void };

export function PromptPicker({ chosen, onChoose }: Props) {
  const texts = useTexts().assistant.prompts;
  const { prompts } = useAssistantSettings();
  const [isManaging, setManaging] = useState(false);
  const nameOf = (choice: PromptChoice) => (choice.kind === "named" ? choice.name : texts[choice.kind]);
  const options: PromptChoice[] = [
    { kind: "standard" },
    ...prompts.map(({ name, text }) => ({ kind: "named" as const, name, text })),
    { kind: "none" },
  ];
  return (
    <>
      <Menu
        position="top-start"
        portalProps={{ target: "#page" }}
        transitionProps={{ duration: 0 }}
        withInitialFocusPlaceholder={false}
      >
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            className={classes.picker}
            aria-label={`${texts.label}: ${nameOf(chosen)}`}
            rightSection={<IconChevronDown size={14} stroke={1.5} aria-hidden />}
          >
            {nameOf(chosen)}
          </Button>
        </Menu.Target>
        <Menu.Dropdown className={classes.dropdown}>
          {options.map((option) => (
            <Menu.Item
              key={`${option.kind} ${nameOf(option)}`}
              rightSection={
                nameOf(option) === nameOf(chosen) ? <IconCheck size={14} stroke={1.5} aria-hidden /> : undefined
              }
              onClick={() => onChoose(option)}
            >
              {nameOf(option)}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => setManaging(true)}>{texts.manage}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <PromptLibrary opened={isManaging} onClose={() => setManaging(false)} />
    </>
  );
}
