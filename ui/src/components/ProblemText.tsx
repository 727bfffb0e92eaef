// A problem as text: the sentence, what to do, and the code to ask for help with.
import { Code, Text } from "@mantine/core";
import { useTexts } from "../locales/locale";
import classes from "./Problem.module.css";

export type ProblemShown = { code: string; message: string; advice: string };

export function ProblemText({ problem }: { problem: ProblemShown | undefined }) {
  const texts = useTexts().problem;
  const shown = problem ?? {
    code: texts.windowCode,
    message: texts.unreachableMessage,
    advice: texts.unreachableAdvice,
  };
  return (
    <div className={classes.text}>
      <Text fw={550} className={classes.message}>
        {shown.message}
      </Text>
      <Text>
        {/* Advice names commands between backticks. */}
        {shown.advice.split("`").map((part, index) => (index % 2 === 0 ? part : <Code key={part}>{part}</Code>))}
      </Text>
      <Text className={classes.code}>{shown.code}</Text>
    </div>
  );
}
