// Short messages in the corner. They are read out, and leave by themselves unless something must be done.
import { notifications } from "@mantine/notifications";
import { createElement } from "react";
import { ProblemText } from "./ProblemText";
import { UndoText } from "./UndoText";

type Said = { code: string; message: string; advice: string };

export function say(message: string): void {
  notifications.show({ message, withBorder: true, color: "gray" });
}

/** Says what went wrong; without a problem from the app, that the app cannot be reached. */
export function sayProblem(problem: Said | undefined): void {
  notifications.show({
    // The same problem again replaces itself instead of piling up.
    id: problem?.code ?? "unreachable",
    message: createElement(ProblemText, { problem }),
    color: "red",
    withBorder: true,
    autoClose: 12_000,
    role: "alert",
  });
}

/** Offers to take something back, for as long as the message stays. */
export const sayUndo = (message: string, onUndo: () => void): void => sayAction(message, undefined, onUndo);

/** Says something with one thing to do about it; the way back where it has no name. */
export function sayAction(message: string, label: string | undefined, onUndo: () => void): void {
  const id = notifications.show({
    message: createElement(UndoText, {
      message,
      label,
      onUndo: () => {
        notifications.hide(id);
        onUndo();
      },
    }),
    withBorder: true,
    color: "gray",
    autoClose: 8000,
  });
}
