// What the model was told before the first question: one quiet line that opens to the whole.
import { Text } from "@mantine/core";
import { useTexts } from "../../locales/locale";
import classes from "./Conversation.module.css";
import { Fold } from "./Fold";

export function SystemLine({ text }: { text: string | null }) {
  const texts = useTexts().assistant.conversation;
  if (text === null || text.trim() === "") return null;
  return (
    <div className={classes.system}>
      <Fold label={`${texts.system}: ${text.trim()}`}>
        <Text className={classes.systemText}>{text}</Text>
      </Fold>
    </div>
  );
}
