// Conversations and models as queries, and the few settings of the assistant. What streams in does not pass through
// here: see features/assistant/growth.ts.
import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  useSuspenseQuery,
} from "@tanstack/react-query";
import { useCallback } from "react";
import type { Assistant, ConversationPage, ConversationRow, ConversationView, MessageView } from "./bindings";
import { client } from "./client";
import { type Patch, queryKeys, useSettings, useSettingsPatch } from "./queries";

/** Rows asked for at a time: some screens of the list. */
const PAGE = 60;

type Pages = InfiniteData<ConversationPage, string | null>;
const keyOf = (id: string) => [...queryKeys.conversation, id];

/** Conversations that match, the one changed last first. */
export const useConversations = (text: string) =>
  useInfiniteQuery({
    queryKey: [...queryKeys.conversations, text],
    queryFn: ({ pageParam }) => client.conversationList({ text, before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

/** One conversation with all its branches; asked for anew each time it is opened, for it may have grown meanwhile. */
export const useConversation = (id: string | null) =>
  useQuery({
    queryKey: keyOf(id ?? ""),
    queryFn: () => client.conversationGet(id ?? ""),
    enabled: id !== null,
    staleTime: 0,
    gcTime: 60_000,
  });

/** Every model that could be asked, with what it costs and why it cannot be asked now. */
export const useModelChoices = () =>
  useQuery({ queryKey: queryKeys.choices, queryFn: () => client.assistantModels(), staleTime: 5_000 });

/** The same for a page that is nothing without them. */
export const useModelOrder = () =>
  useSuspenseQuery({ queryKey: queryKeys.choices, queryFn: () => client.assistantModels(), staleTime: 5_000 });

/** Puts one message into the cached conversation, as the app told it; a new one is shown at once. */
export function withMessage(view: ConversationView, message: MessageView): ConversationView {
  const at = view.messages.findIndex((one) => one.id === message.id);
  if (at < 0) return { ...view, leaf: message.id, messages: [...view.messages, message] };
  return { ...view, messages: view.messages.with(at, message) };
}

/** The conversation that is open, to be changed and asked for again from outside of React's tree. */
export function useConversationCache() {
  const queries = useQueryClient();
  const change = useCallback(
    (id: string, to: (view: ConversationView) => ConversationView) =>
      queries.setQueryData<ConversationView>(keyOf(id), (view) => (view ? to(view) : view)),
    [queries],
  );
  const fetchAgain = useCallback((id: string) => queries.invalidateQueries({ queryKey: keyOf(id) }), [queries]);
  const renewList = useCallback(() => void queries.invalidateQueries({ queryKey: queryKeys.conversations }), [queries]);
  return { change, fetchAgain, renewList };
}

/** Changes rows of all lists of conversations at once; what is returned puts them back as they were. */
export function changeLists(queries: QueryClient, change: (rows: ConversationRow[]) => ConversationRow[]): () => void {
  const before = queries.getQueriesData<Pages>({ queryKey: queryKeys.conversations });
  for (const [key, data] of before) {
    if (data)
      queries.setQueryData<Pages>(key, {
        ...data,
        pages: data.pages.map((page) => ({ ...page, rows: change(page.rows) })),
      });
  }
  return () => {
    for (const [key, data] of before) queries.setQueryData(key, data);
  };
}

/** What is set about the assistant; instructions that nobody gave are an empty text. */
export function useAssistantSettings(): Omit<Assistant, "system"> & { system: string } {
  const { assistant } = useSettings();
  return { ...assistant, system: assistant.system ?? "" };
}

export function useAssistantPatch() {
  const patch = useSettingsPatch();
  return {
    ...patch,
    mutate: (key: "prompts" | "system", value: Patch["value"]) =>
      patch.mutate({ key: `assistant.${key}`, value: value === "" ? null : value }),
  };
}
