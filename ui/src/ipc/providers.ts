// Providers of language models as queries: how each is, and which models it lists once it was asked.
import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import type { Presence, ProviderTested } from "./bindings";
import { client } from "./client";
import { inPlace, queryKeys, useCommand } from "./queries";

const listKey = (id: string) => ["provider-models", id];

/** Every provider, and whether it can be asked now; waits for the first answer. */
export const useProviders = () =>
  useSuspenseQuery({ queryKey: queryKeys.providers, queryFn: () => client.providerList(), staleTime: 5_000 }).data;

/** Whether each kind of secret is set; nothing while that is not known. */
export function usePresence(): (secret: string | null) => Presence | undefined {
  const { data } = useQuery({ queryKey: queryKeys.secrets, queryFn: () => client.secretsList() });
  return (secret) => data?.secrets.find(({ id }) => id === secret)?.presence;
}

/** Asks a provider for its models. What it said is told, and kept so that a list can be offered elsewhere. */
export function useProviderTest(tell: (tested: ProviderTested) => void) {
  const queries = useQueryClient();
  const test = async (id: string) => {
    const tested = await client.providerTest(id);
    queries.setQueryData(listKey(id), tested.models);
    tell(tested);
  };
  return useCommand(test, [queryKeys.providers, queryKeys.choices, queryKeys.ledger], undefined, inPlace);
}

/** The models that a provider listed when it was asked last; none before. */
export function useListedModels(id: string | null): readonly string[] {
  const { data } = useQuery<string[] | null>({
    queryKey: listKey(id ?? ""),
    queryFn: () => null,
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? [];
}
