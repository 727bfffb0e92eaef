// Workers as the app might show them: two of them, an hour of their use, and what they said.
import type { AppLogRow, UsagePoint, WorkerView } from "../../src/ipc/bindings";
import type { LogRow } from "../../src/ipc/workers";

const HOUR_MS = 3_600_000;

export const speechWorker: WorkerView = {
  name: "speech",
  kind: "speech",
  title: "Speech engine",
  state: "ready",
  detail: null,
  health: "healthy",
  health_reason: null,
  pid: 41250,
  restarts: 1,
  breaker: "closed",
  requests: { state: "closed", retry_at_ms: null },
  unstable: false,
  in_flight: 0,
  since_ms: Date.now() - 2.2 * HOUR_MS,
  started_at_ms: Date.now() - 2.2 * HOUR_MS,
  next_try_ms: null,
};

export const workers: WorkerView[] = [
  speechWorker,
  {
    ...speechWorker,
    name: "llama",
    kind: "language",
    title: "SmolLM2 135M",
    state: "busy",
    health: "degraded",
    health_reason: "It answers, but slowly: the last request took 9 s.",
    pid: 41377,
    restarts: 4,
    requests: { state: "half_open", retry_at_ms: null },
    unstable: true,
    in_flight: 1,
    started_at_ms: Date.now() - 0.2 * HOUR_MS,
  },
];

/** An hour of one worker, oldest first: steady memory with a few bursts of work. */
export function usage(name: string, now: number): UsagePoint[] {
  const base = name === "speech" ? 182e6 : 410e6;
  return Array.from({ length: 720 }, (_, index) => {
    const burst = index % 90 < 9 ? 1 : 0;
    return {
      at_ms: now - (719 - index) * 5000,
      cpu_percent: 0.4 + burst * (150 + ((index * 37) % 90)),
      memory_bytes: base + index * 40_000 + burst * 24e6 + ((index * 7919) % 3_000_000),
    };
  });
}

const LINES = [
  "whisper_init_from_file_with_params_no_state: loading model from tiny.en",
  "session opened, 16000 Hz mono",
  "decoded 3.2 s in 214 ms",
  "session closed",
];

function logRow(index: number, now: number, change: Partial<LogRow> = {}): LogRow {
  return {
    id: 1_000_000 - index,
    lines: null,
    at_ms: now - index * 7300,
    worker: index % 3 === 2 ? "llama" : "speech",
    incarnation: 2,
    level: index % 11 === 6 ? "warn" : index % 5 === 3 ? "debug" : "info",
    kind: "line",
    text: LINES[index % LINES.length] ?? "",
    first_lines: "",
    stdout_tail: "",
    stderr_tail: "",
    ...change,
  };
}

const SAID = [
  ["info", "tonny_supervisor::run", "worker ended worker=speech exit=signal 6"],
  ["warn", "tonny_core::transcription", 'the speech engine failed an utterance error="it closed the connection"'],
  ["debug", "tonny_platform::insertion", "paste received ms=12"],
] as const;

/** What the app said before `now`, newest first. */
export function appLog(count: number, now: number): AppLogRow[] {
  return Array.from({ length: count }, (_, index) => {
    const [level, target, text] = SAID[index % SAID.length] ?? SAID[0];
    return { id: 100_000 - index, at_ms: now - index * 4100, level, target, text };
  });
}

/** What the engines said before `now`, newest first. */
export function log(count: number, now: number): LogRow[] {
  const incident = {
    level: "error",
    kind: "incident",
    first_lines: "loading model from tiny.en\nready on 127.0.0.1:39211\n",
    stdout_tail: '{"ready":{"address":"127.0.0.1:39211"}}\n',
    stderr_tail: "decoded 3.2 s in 214 ms\nGGML_ASSERT: ggml.c:1203: tensor->ne[0] == 80\nAborted (core dumped)\n",
  };
  return Array.from({ length: count }, (_, index) => {
    if (index === 5) return logRow(index, now, { kind: "state", text: "Ready after 84 ms" });
    if (index === 9)
      return logRow(index, now, { ...incident, worker: "speech", text: "It crashed (SIGABRT) while it was working." });
    if (index === 40)
      return logRow(index, now, {
        kind: "dropped",
        level: "warn",
        text: "1,204 lines were left out: it wrote faster than the disk.",
      });
    if (index % 50 === 21)
      return logRow(index, now, {
        ...incident,
        level: "warn",
        worker: "llama",
        stderr_tail: "",
        text: "It did not answer three probes in a row and was restarted.",
      });
    return logRow(index, now);
  });
}
