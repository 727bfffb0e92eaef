// All settings back to their defaults, after a question.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import { say } from "../../components/toasts";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./General.module.css";

export function ResetSettings() {
  const texts = useTexts().general.reset;
  const [asking, setAsking] = useState(false);
  const reset = useCommand(
    () => client.settingsReset(null),
    [queryKeys.settings, queryKeys.models],
    () => say(texts.done),
  );
  return (
    <div className={classes.reset}>
      <Button variant="default" size="xs" onClick={() => setAsking(true)}>
        {texts.action}
      </Button>
      <Confirm
        opened={asking}
        title={texts.title}
        body={texts.body}
        action={texts.action}
        onClose={() => setAsking(false)}
        onConfirm={() => reset.mutate([])}
      />
    </div>
  );
}
