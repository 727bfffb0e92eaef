// The conversation that is open, kept in step with what the app tells about it.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useConversation, useConversationCache, withMessage } from "../../ipc/assistant";
import { useAssistantEvents } from "../../ipc/assistantEvents";
import type { MessageView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { type Grown, Growth } from "./growth";

/** An answer that misses something is asked for again, but not in a circle without a pause. */
const ASK_EVERY_MS = 250;

export const GrowthContext = createContext(new Growth());

/** What there is to draw of one message, drawn again with each frame that brings more. */
export function useGrown(message: MessageView): Grown {
  const growth = useContext(GrowthContext);
  const subscribe = useCallback((listener: () => void) => growth.subscribe(message.id, listener), [growth, message.id]);
  return useSyncExternalStore(subscribe, () => growth.shown(message));
}

export function useOpen(first: string | null) {
  const [id, setId] = useState(first);
  const [growth] = useState(() => new Growth());
  const view = useConversation(id);
  const { change, fetchAgain, renewList } = useConversationCache();
  const askedAt = useRef(0);
  const missing = useCallback(() => {
    const wait = Math.max(0, askedAt.current + ASK_EVERY_MS - Date.now());
    askedAt.current = Date.now() + wait;
    if (id !== null) setTimeout(() => void fetchAgain(id), wait);
  }, [id, fetchAgain]);

  const open = useCallback(
    (next: string | null) => {
      growth.clear();
      setId(next);
    },
    [growth],
  );
  useEffect(() => {
    // What is spoken now becomes a question here. A window that is only looked at works without it.
    void client.conversationOpened(id).catch(() => undefined);
    window.history.replaceState(null, "", id === null ? "#" : `#/${id}`);
  }, [id]);

  // Before it is drawn, so that the first drawing has everything.
  const data = view.data;
  useMemo(() => {
    for (const message of data?.messages ?? []) growth.sync(message);
  }, [data, growth]);
  useEffect(() => {
    // What came between the app's answer and the next delta is still missing.
    if (data && growth.hasGap()) missing();
  }, [data, growth, missing]);

  useAssistantEvents({
    answerGrew: (delta) => {
      if (delta.conversation === id && growth.grew(delta) === "missing" && !view.isFetching) missing();
    },
    messageChanged: ({ conversation, message }) => {
      if (conversation !== id) return;
      if (growth.sync(message) === "missing") missing();
      change(conversation, (now) => withMessage(now, message));
    },
    conversationChanged: (changed) => {
      renewList();
      if (changed.id === id) missing();
    },
    openConversation: (wanted) => open(wanted.id),
    // An answer that came to its end before this was heard of would seem to be written for ever.
    listening: () => {
      if (data?.messages.some(({ state }) => state === "streaming")) missing();
    },
  });
  return { id, view, growth, open };
}
