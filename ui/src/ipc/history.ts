// Utterances as queries: lists that grow page by page, one row, its recording. Lists are mended in place where that is
// possible: one that was scrolled far down is never read again as a whole.
import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  type QueryKey,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback } from "react";
import type { HistoryPage, HistoryQuery, HistoryRow } from "./bindings";
import { client } from "./client";
import { queryKeys } from "./queries";

/** Rows asked for at a time: some screens of the window, so that scrolling rarely meets the end. */
const PAGE = 100;
/** Lists up to here are simply read again; a longer one only gets its beginning renewed. */
const SHORT_PAGES = 3;

/** Stands for "before every other row" where the row before is named. */
const FIRST = "";

/** Which rows, without which page of them. */
export type HistorySearch = Omit<HistoryQuery, "before" | "limit">;
type Pages = InfiniteData<HistoryPage, string | null>;

const lists = [...queryKeys.history, "list"];
const rowKey = (id: string) => [...queryKeys.history, "row", id];

/** Finished utterances that match, newest first. */
export function useHistory(search: HistorySearch) {
  return useInfiniteQuery({
    queryKey: [...lists, search],
    queryFn: ({ pageParam }) => client.historyList({ ...search, before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

export const useHistoryRow = (id: string | null) =>
  useQuery({
    queryKey: rowKey(id ?? ""),
    queryFn: () => client.historyGet(id ?? ""),
    enabled: id !== null,
  });

/** The recording of one utterance as a WAV file; kept only while it is looked at. */
export const useHistoryAudio = (id: string, wanted: boolean) =>
  useQuery({
    queryKey: [...queryKeys.history, "audio", id],
    queryFn: () => client.historyAudio(id),
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

/** The history changed: opened rows and short lists are read again, of long lists only the newest rows. */
export function renewHistory(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: [...queryKeys.history, "row"] });
  for (const query of queries.getQueryCache().findAll({ queryKey: lists })) {
    const { data } = query.state as { data?: Pages };
    if (data === undefined || data.pages.length <= SHORT_PAGES || !query.isActive()) {
      void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
      continue;
    }
    const search = query.queryKey.at(-1) as HistorySearch;
    void client.historyList({ ...search, before: null, limit: PAGE }).then(
      (head) => queries.setQueryData<Pages>(query.queryKey, (now) => (now ? withHead(now, head) : now)),
      // The list stays as it was; the next change tries again.
      () => undefined,
    );
  }
}

/** `pages` beginning with the rows of `head`; what `head` reaches past is replaced, what lies beyond stays. */
export function withHead(pages: Pages, head: HistoryPage): Pages {
  const fresh = new Set(head.rows.map((row) => row.id));
  const places = pages.pages.flatMap((page) => page.rows.map((row) => fresh.has(row.id)));
  // The app's own order, whatever it goes by: what came after the last row that both have still does.
  const common = places.lastIndexOf(true);
  if (head.next === null || common < 0) return { pages: [head], pageParams: [null] };
  let passed = 0;
  const beyond = pages.pages.map((page) => {
    const rows = page.rows.filter((_, index) => passed + index > common);
    passed += page.rows.length;
    return { ...page, rows };
  });
  const [first = head, ...rest] = beyond;
  const renewed = { ...first, total: head.total, rows: [...head.rows, ...first.rows] };
  return { ...pages, pages: [renewed, ...rest] };
}

/** As the app orders them: by the moment, then by the id. As texts, "00Z" would come after "00.5Z". */
export function isOlder(row: HistoryRow, than: HistoryRow): boolean {
  const [at, other] = [Date.parse(row.started_at), Date.parse(than.started_at)];
  return at < other || (at === other && row.id < than.id);
}

/** Takes a row out of all lists at once; what is returned puts it back where it was. */
export function useTakeOut(): (id: string) => () => void {
  const queries = useQueryClient();
  return useCallback(
    (id) => {
      const taken: { key: QueryKey; row: HistoryRow; before: string | null }[] = [];
      for (const [key, data] of queries.getQueriesData<Pages>({ queryKey: lists })) {
        const rows = data?.pages.flatMap((page) => page.rows) ?? [];
        const place = rows.findIndex((one) => one.id === id);
        const row = rows[place];
        if (!data || !row) continue;
        // What was found is in the order of entry, which a row does not say: its neighbour does.
        const isSearch = (key.at(-1) as HistorySearch).text !== "";
        taken.push({ key, row, before: isSearch ? (rows[place - 1]?.id ?? FIRST) : null });
        queries.setQueryData(key, without(data, id));
      }
      return () => {
        for (const { key, row, before } of taken)
          queries.setQueryData<Pages>(key, (data) => (data ? withRow(without(data, row.id), row, before) : data));
      };
    },
    [queries],
  );
}

/** `pages` without one row; the pages that never had it are shared. */
export function without(pages: Pages, id: string): Pages {
  const had = pages.pages.some((page) => page.rows.some((row) => row.id === id));
  return {
    ...pages,
    pages: pages.pages.map((page) => ({
      ...page,
      total: page.total - (had ? 1 : 0),
      rows: page.rows.some((row) => row.id === id) ? page.rows.filter((row) => row.id !== id) : page.rows,
    })),
  };
}

/** `pages` with one row more: after the row `before` where that is known and there, else at its place in time. */
export function withRow(pages: Pages, row: HistoryRow, before: string | null = null): Pages {
  if (before === FIRST || pages.pages.some((page) => page.rows.some(({ id }) => id === before)))
    return {
      ...pages,
      pages: pages.pages.map((page, index) => {
        const rows = page.rows.flatMap((one) => (one.id === before ? [one, row] : [one]));
        return { ...page, total: page.total + 1, rows: before === FIRST && index === 0 ? [row, ...rows] : rows };
      }),
    };
  const place = pages.pages.findIndex(({ rows }, index) => {
    const oldest = rows.at(-1);
    return index === pages.pages.length - 1 || (oldest !== undefined && isOlder(oldest, row));
  });
  return {
    ...pages,
    pages: pages.pages.map((page, index) => {
      const before = page.rows.filter((one) => !isOlder(one, row));
      const after = page.rows.filter((one) => isOlder(one, row));
      return { ...page, total: page.total + 1, rows: index === place ? [...before, row, ...after] : page.rows };
    }),
  };
}
