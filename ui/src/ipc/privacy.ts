// What left this machine and what may, as queries. The ledger only grows, so both views of it are asked for anew whenever
// somebody looks.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client } from "./client";
import { queryKeys } from "./queries";

/** Rows asked for at a time: some screens of the list. */
const PAGE = 100;

/** The last days, by host. */
export const useLedgerDays = (days: number) =>
  useQuery({ queryKey: [...queryKeys.ledger, "days", days], queryFn: () => client.ledgerDays(days), staleTime: 0 });

/** Every attempt, newest first. */
export const useLedger = () =>
  useInfiniteQuery({
    queryKey: [...queryKeys.ledger, "list"],
    queryFn: ({ pageParam }) => client.ledgerList(pageParam, PAGE),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  });

/** The contract in force. It fails where the user's own does not load any more: that is to be shown, not thrown. */
export const useContract = () => useQuery({ queryKey: queryKeys.contract, queryFn: () => client.contractGet() });

/** What is read out of a contract, and so is another once it changed. */
export const CONTRACT_STALE = [queryKeys.settings, queryKeys.contract, queryKeys.choices, queryKeys.providers];
