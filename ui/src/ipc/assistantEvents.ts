// What the app tells the assistant's window by itself: answers that grow, messages that changed, what to open.
import { useEffect, useRef } from "react";
import {
  type AnswerGrew,
  type ConversationChanged,
  events,
  type MessageChanged,
  type OpenConversation,
} from "./bindings";
import { stopper } from "./events";

export type Told = {
  answerGrew: (payload: AnswerGrew) => void;
  messageChanged: (payload: MessageChanged) => void;
  conversationChanged: (payload: ConversationChanged) => void;
  openConversation: (payload: OpenConversation) => void;
  /** From now on nothing is missed; what was said before this may have been. */
  listening: () => void;
};

/** Calls back with what the app says. Listening lasts as long as the component; the callbacks may change meanwhile. */
export function useAssistantEvents(told: Told): void {
  const latest = useRef(told);
  latest.current = told;
  useEffect(() => {
    let isOver = false;
    const all = [
      events.answerGrew.listen(({ payload }) => latest.current.answerGrew(payload)),
      events.messageChanged.listen(({ payload }) => latest.current.messageChanged(payload)),
      events.conversationChanged.listen(({ payload }) => latest.current.conversationChanged(payload)),
      events.openConversation.listen(({ payload }) => latest.current.openConversation(payload)),
    ];
    void Promise.all(all).then(() => {
      if (!isOver) latest.current.listening();
    });
    const stops = all.map(stopper);
    return () => {
      isOver = true;
      for (const stop of stops) stop();
    };
  }, []);
}
