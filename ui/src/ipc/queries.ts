// The app's state as queries: what is cached under which name, and what is stale after which change.
import { queryOptions, useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import type { commands, Settings } from "./bindings";
import { client } from "./client";
import { patched } from "./patched";

export const queryKeys = {
  snapshot: ["snapshot"],
  facts: ["facts"],
  settings: ["settings"],
  models: ["models"],
  microphones: ["microphones"],
  history: ["history"],
  activity: ["activity"],
  statistics: ["statistics"],
  workers: ["workers"],
  incidents: ["incidents"],
  secrets: ["secrets"],
  storage: ["storage"],
  conversations: ["conversations"],
  conversation: ["conversation"],
  choices: ["choices"],
  providers: ["providers"],
  contract: ["contract"],
  ledger: ["ledger"],
  languageModels: ["language-models"],
  languageFound: ["language-found"],
} as const;

const snapshotQuery = queryOptions({ queryKey: queryKeys.snapshot, queryFn: () => client.appSnapshot() });
const settingsQuery = queryOptions({ queryKey: queryKeys.settings, queryFn: () => client.settingsGet() });

/** The app as it is now; waits (suspends) for the first answer. */
export const useSnapshot = () => useSuspenseQuery(snapshotQuery).data;
/** The app as it is now, or undefined before the first answer: for the shell, which never waits. */
export const useSnapshotIfKnown = () => useQuery(snapshotQuery).data;
export const useSettings = () => useSuspenseQuery(settingsQuery).data;
export const useSettingsIfKnown = () => useQuery(settingsQuery).data;
export const useFacts = () => useSuspenseQuery({ queryKey: queryKeys.facts, queryFn: () => client.appFacts() }).data;
export const useModels = () =>
  useSuspenseQuery({ queryKey: queryKeys.models, queryFn: () => client.modelsList() }).data;
/** What is set and where it is kept; values never come to the window. */
export const useSecrets = () =>
  useSuspenseQuery({ queryKey: queryKeys.secrets, queryFn: () => client.secretsList() }).data;
/** Sizes are measured when they are asked for, so the page always asks. */
export const useStorage = () =>
  useSuspenseQuery({ queryKey: queryKeys.storage, queryFn: () => client.storageView(), staleTime: 0 }).data;
/** Without waiting, for places that only offer them. */
export const useModelsIfKnown = () => useQuery({ queryKey: queryKeys.models, queryFn: () => client.modelsList() }).data;
export const useMicrophones = () =>
  useQuery({ queryKey: queryKeys.microphones, queryFn: () => client.microphoneList() });

/** What the app answers otherwise once this setting is another one. */
function answeredBy(key: string): readonly (readonly string[])[] {
  if (key === "speech.model") return [queryKeys.models];
  if (key.startsWith("workers.llama")) return [queryKeys.languageModels, queryKeys.languageFound, queryKeys.choices];
  if (key === "privacy.contract") return [queryKeys.contract, queryKeys.choices, queryKeys.providers];
  const decides = key.startsWith("assistant.") || key === "privacy.offline";
  return decides ? [queryKeys.choices, queryKeys.providers] : [];
}

export type Patch = Parameters<typeof commands.settingsPatch>[0];

/** Changes one setting: shown at once, taken back if the app refuses. */
export function useSettingsPatch() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (patch: Patch) => client.settingsPatch(patch),
    onMutate: async ({ key, value }) => {
      await queries.cancelQueries({ queryKey: queryKeys.settings });
      const before = queries.getQueryData<Settings>(queryKeys.settings);
      if (before) queries.setQueryData(queryKeys.settings, patched(before, key, value));
      return { before };
    },
    onError: (_error, _patch, context) => {
      if (context?.before) queries.setQueryData(queryKeys.settings, context.before);
    },
    onSuccess: (settings, { key }) => {
      queries.setQueryData(queryKeys.settings, settings);
      for (const queryKey of answeredBy(key)) void queries.invalidateQueries({ queryKey });
    },
  });
}

/** For a command whose problem is shown where it was given, and whose arguments nobody keeps: it may be a password. */
export const inPlace = { meta: { shownInPlace: true }, gcTime: 0 } as const;

/** Runs one command and marks what it changed as stale; `done` is called even if its page was left meanwhile. */
export function useCommand<Args extends unknown[]>(
  run: (...args: Args) => Promise<unknown>,
  stale: readonly (readonly string[])[] = [],
  done?: (args: Args) => void,
  options: Partial<typeof inPlace> = {},
) {
  const queries = useQueryClient();
  return useMutation({
    ...options,
    mutationFn: (args: Args) => run(...args),
    onSuccess: (_answer, args) => {
      done?.(args);
      return Promise.all(stale.map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
  });
}
