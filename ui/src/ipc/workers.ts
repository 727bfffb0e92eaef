// What the window asks about workers beyond the snapshot: what they use, and what they said.
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { WorkerLogOutput, WorkerLogQuery, WorkerLogRow } from "./bindings";
import { client } from "./client";
import { appPage, ofApp } from "./log";
import { queryKeys } from "./queries";

/** How often the app measures; asking more often would bring the same numbers. */
const USAGE_EVERY_MS = 5000;
/** Soon enough that a line seems to appear by itself. */
const FOLLOW_EVERY_MS = 1000;
/** A few screens of lines at a time. */
const LOG_PAGE = 200;
/** Incidents shown before the button for older ones. */
const INCIDENT_PAGE = 5;

const usageKey = (name: string) => [...queryKeys.workers, "usage", name];

/** CPU and memory of one worker over the last hour, oldest first; asked again while the window is to be seen. */
export const useWorkerUsage = (name: string) =>
  useQuery({
    queryKey: usageKey(name),
    queryFn: () => client.workerUsage(name),
    refetchInterval: USAGE_EVERY_MS,
    staleTime: 0,
  });

/** Which rows are wanted; the app itself knows of worker and level, the rest is looked for among the rows it gives. */
export type LogFilter = Pick<WorkerLogQuery, "worker" | "level"> & { kind: string | null; text: string };
/** One row, with what the worker said around it where the row is an incident. */
export type LogRow = Omit<WorkerLogRow, "at"> & WorkerLogOutput & { at_ms: number };
type LogPage = { rows: LogRow[]; next: string | null };

/** Rows looked through at once, and how often before a rare word is given up for this page. */
const LOOK = 100;
const LOOKS = 50;

/** The next `limit` rows that fit, or as many as there are. */
async function pageOf(filter: LogFilter, before: string | null, limit: number): Promise<LogPage> {
  const { worker, level, kind } = filter;
  const plain = kind === null && filter.text === "";
  const text = filter.text.toLowerCase();
  const fits = (row: WorkerLogRow) => (kind === null || row.kind === kind) && row.text.toLowerCase().includes(text);
  const found: WorkerLogRow[] = [];
  let next = before;
  for (let look = 0; look < LOOKS && found.length < limit; look++) {
    const query = { worker, level, since: null, before: next, after: null, limit: plain ? limit : LOOK };
    const page = await client.workerLog(query);
    found.push(...page.rows.filter(fits));
    next = page.next;
    if (next === null || plain) break;
  }
  return { rows: await Promise.all(found.map(withOutput)), next };
}

const NOTHING_SAID: WorkerLogOutput = { first_lines: "", stdout_tail: "", stderr_tail: "" };

async function withOutput({ at, ...row }: WorkerLogRow): Promise<LogRow> {
  const said = row.kind === "incident" ? await client.workerOutput(row.id) : null;
  return { ...row, ...(said ?? NOTHING_SAID), at_ms: (at ?? 0) * 1000 };
}

const logKey = (filter: LogFilter) => [...queryKeys.workers, "log", filter];
const incidentsOf = (worker: string): LogFilter => ({ worker, level: null, kind: "incident", text: "" });

function useLog(queryKey: readonly unknown[], filter: LogFilter, limit: number, refetchInterval: number | false) {
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => (ofApp(filter) ? appPage : pageOf)(filter, pageParam, limit),
    initialPageParam: null as string | null,
    getNextPageParam: (page: LogPage) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval,
    staleTime: 0,
  });
}

/** The log, newest first. While `following`, new rows come by themselves; otherwise it stands still to be read. */
export function useWorkerLog(filter: LogFilter, following: boolean) {
  const queries = useQueryClient();
  const log = useLog(logKey(filter), filter, LOG_PAGE, following ? FOLLOW_EVERY_MS : false);
  /** Back to the newest rows: the older pages are let go, so that following asks for one page only. */
  const rewind = useCallback(() => {
    void queries.resetQueries({ queryKey: logKey(filter) });
  }, [queries, filter]);
  return { log, rewind };
}

/** What went wrong with one worker, newest first. */
export const useIncidents = (worker: string) =>
  useLog([...queryKeys.incidents, worker], incidentsOf(worker), INCIDENT_PAGE, USAGE_EVERY_MS);
