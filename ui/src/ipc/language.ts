// Language models on this machine as queries: the catalogue with what is installed, and what else could serve.
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { client } from "./client";
import { queryKeys } from "./queries";

/** The catalogue and what is installed; waits for the first answer. */
export const useLanguageModels = () =>
  useSuspenseQuery({ queryKey: queryKeys.languageModels, queryFn: () => client.languageList() }).data;

/** What was found on this machine; nothing while it is looked for. */
export const useLanguageFound = () =>
  useQuery({ queryKey: queryKeys.languageFound, queryFn: () => client.languageFound(), staleTime: 10_000 }).data;
