// A problem as a note in the page, with the one thing that can be done about it from here.
import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import classes from "./Problem.module.css";
import { type ProblemShown, ProblemText } from "./ProblemText";

type Props = { problem: ProblemShown | undefined; action?: { label: string; run: () => void } };

export function ProblemNote({ problem, action }: Props) {
  return (
    <div className={classes.note} role="alert">
      <IconAlertTriangle size={18} stroke={1.5} aria-hidden />
      <ProblemText problem={problem} />
      {action ? (
        <Button variant="default" size="xs" onClick={action.run}>
          {action.label}
        </Button>
      ) : null}
    </div>
  );
}
