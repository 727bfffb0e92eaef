// What was done and how much was said, as queries: both are asked for anew whenever somebody looks.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client } from "./client";
import { queryKeys } from "./queries";

/** Entries asked for at a time: some screens of the window. */
const PAGE = 100;

/** What was done, newest first; only of one kind where one is named. */
export function useActivity(action: string | null) {
  return useInfiniteQuery({
    queryKey: [...queryKeys.activity, action],
    queryFn: ({ pageParam }) => client.historyActivity({ action, since: null, before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

/** The days that end today, in the user's own zone. */
export const useStatistics = (days: number) =>
  useQuery({
    queryKey: [...queryKeys.statistics, days],
    queryFn: () => client.historyStatistics({ days }),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
