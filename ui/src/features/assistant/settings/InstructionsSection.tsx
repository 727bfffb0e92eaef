// The system prompts. They are written in the library that the assistant's window has too.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Row, Section } from "../../../components/Page";
import { useAssistantSettings } from "../../../ipc/assistant";
import { useTexts } from "../../../locales/locale";
import { PromptLibrary } from "../prompts/PromptLibrary";
import classes from "./Settings.module.css";

export function InstructionsSection() {
  const texts = useTexts().assistantPage.instructions;
  const { prompts, system } = useAssistantSettings();
  const [opened, setOpened] = useState(false);
  return (
    <Section title={texts.title}>
      <Row
        label={texts.label}
        hint={
          <span className={classes.two} data-cut>
            {system === "" ? texts.none : texts.standard(system)}
          </span>
        }
      >
        <span className={classes.quiet}>{texts.count(prompts.length)}</span>
        <Button variant="default" size="xs" onClick={() => setOpened(true)}>
          {texts.manage}
        </Button>
      </Row>
      <PromptLibrary opened={opened} onClose={() => setOpened(false)} />
    </Section>
  );
}
