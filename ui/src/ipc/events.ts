// What the app tells the window by itself. Each event carries the whole new value, so a missed one never leaves the
// window half-right.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { events } from "./bindings";
import { renewHistory } from "./history";
import { queryKeys } from "./queries";

/** Calls the returned promise's stop function once the effect is over, even if it arrives later than that. */
export function stopper(listening: Promise<() => void>): () => void {
  return () => {
    void listening.then((stop) => stop());
  };
}

/** Who can be asked depends on keys and on the local engine. */
const ASKABLE = [queryKeys.choices, queryKeys.providers];

/** Keeps the snapshot query at what the app last said, and the lists that depend on it fresh. */
export function useSnapshotEvents(): void {
  const queries = useQueryClient();
  const seen = useRef({ history: 0, secrets: 0, install: "", model: "", workers: "" });
  useEffect(() => {
    const listening = events.snapshotChanged.listen(({ payload }) => {
      queries.setQueryData(queryKeys.snapshot, payload);
      const install = payload.install?.id ?? "";
      const model = `${payload.model.chosen}:${payload.model.installed}`;
      const workers = payload.workers.map(({ name, state, restarts }) => `${name}:${state}:${restarts}`).join();
      if (payload.history_version !== seen.current.history) {
        renewHistory(queries);
        void queries.invalidateQueries({ queryKey: queryKeys.activity });
        void queries.invalidateQueries({ queryKey: queryKeys.statistics });
      }
      if (install !== seen.current.install || model !== seen.current.model) {
        void queries.invalidateQueries({ queryKey: queryKeys.models });
        void queries.invalidateQueries({ queryKey: queryKeys.languageModels });
      }
      const stale: (readonly string[])[] = [];
      if (payload.secrets_version !== seen.current.secrets) stale.push(queryKeys.secrets, ...ASKABLE);
      if (workers !== seen.current.workers) stale.push(queryKeys.incidents, ...ASKABLE);
      for (const queryKey of stale) void queries.invalidateQueries({ queryKey });
      seen.current = {
        history: payload.history_version,
        secrets: payload.secrets_version,
        install,
        model,
        workers,
      };
    });
    return stopper(listening);
  }, [queries]);
}

/** Calls back with each input level, 0 to 1; kept out of React's state because it comes many times a second. */
export function useLevel(onLevel: (level: number) => void): void {
  const latest = useRef(onLevel);
  latest.current = onLevel;
  useEffect(() => stopper(events.levelChanged.listen(({ payload }) => latest.current(payload.level ?? 0))), []);
}

/** Calls back when the tray or the terminal asks for a page. */
export function usePageRequests(onPage: (page: string) => void): void {
  const latest = useRef(onPage);
  latest.current = onPage;
  useEffect(() => stopper(events.pageRequested.listen(({ payload }) => latest.current(payload.page))), []);
}
