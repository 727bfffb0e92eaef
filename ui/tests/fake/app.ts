// A stand-in for the Rust side: answers the same commands and sends the same events, from values in memory.
import { mockIPC } from "@tauri-apps/api/mocks";
import {
  type ActivityEntry,
  type ActivityQuery,
  type AppLogQuery,
  type AppLogRow,
  type ExportWish,
  events,
  type HistoryQuery,
  type HistoryRow,
  type Kept,
  type Problem,
  type SecretsMoved,
  type Settings,
  type Snapshot,
  type StatisticsQuery,
  type UsagePoint,
  type VaultChoice,
  type VaultReport,
  type WorkerLogQuery,
} from "../../src/ipc/bindings";
import { patched } from "../../src/ipc/patched";
import type { LogRow } from "../../src/ipc/workers";
import * as done from "./activity";
import { FakeAssistant } from "./assistant";
import * as outside from "./outside";
import { FakePrivacy } from "./privacy";
import * as sample from "./sample";

type Args = Record<string, unknown>;
type Handler = (args: Args) => unknown;
export type Call = { command: string; args: Args };

export class FakeApp {
  snapshot: Snapshot = structuredClone(sample.snapshot);
  settings: Settings = structuredClone(sample.settings);
  models = structuredClone(sample.models);
  languageModels = structuredClone(outside.languageModels);
  found = structuredClone(outside.found);
  microphones = structuredClone(sample.microphones);
  secrets = structuredClone(sample.secrets);
  storage = structuredClone(sample.storage);
  history: HistoryRow[];
  activity: ActivityEntry[];
  log: LogRow[];
  appLog: AppLogRow[];
  usage: (name: string) => UsagePoint[];
  readonly assistant: FakeAssistant;
  readonly privacy: FakePrivacy;
  readonly calls: Call[] = [];
  private readonly removed = new Set<string>();
  private readonly overrides = new Map<string, Handler>();

  constructor(
    private readonly now: Date,
    entries = 120,
  ) {
    this.assistant = new FakeAssistant(now, entries === 0);
    this.privacy = new FakePrivacy(now, entries, () => this.settings);
    this.activity = done.activity(entries, now);
    this.history = sample.history(entries, now);
    this.log = sample.log(entries * 5, now.getTime());
    this.appLog = sample.appLog(entries, now.getTime());
    this.usage = (name) => (entries === 0 ? [] : sample.usage(name, now.getTime()));
  }

  /** Takes the place of Tauri in this window. */
  install(): this {
    mockIPC((command, args) => this.answer(command, (args ?? {}) as Args), { shouldMockEvents: true });
    return this;
  }

  /** Makes one command refuse with a problem. */
  refuse(command: string, problem: Problem): this {
    // What Rust returns as an error arrives as a plain object, not as an Error.
    this.overrides.set(command, () => Promise.reject(problem));
    return this;
  }

  /** Makes one command never answer. */
  hang(command: string): this {
    this.overrides.set(command, () => new Promise(() => undefined));
    return this;
  }

  /** Gives one command another answer. */
  answers(command: string, handler: Handler): this {
    this.overrides.set(command, handler);
    return this;
  }

  allow(command: string): this {
    this.overrides.delete(command);
    return this;
  }

  /** Changes the snapshot and says so, as the app does. */
  async publish(change: Partial<Snapshot>): Promise<void> {
    this.snapshot = { ...this.snapshot, ...change };
    await events.snapshotChanged.emit(this.snapshot);
  }

  called(command: string): Args[] {
    return this.calls.filter((call) => call.command === command).map((call) => call.args);
  }

  private answer(command: string, args: Args): unknown {
    this.calls.push({ command, args });
    const elsewhere = this.assistant.handlers[command] ?? this.privacy.handlers[command];
    const handler = this.overrides.get(command) ?? this.handlers[command] ?? elsewhere;
    if (!handler) throw new Error(`The fake app knows no command ${command}`);
    return handler(args);
  }

  private readonly handlers: Record<string, Handler> = {
    app_snapshot: () => this.snapshot,
    app_facts: () => sample.facts,
    app_dismiss: () => {
      void this.publish({ problem: null });
      return null;
    },
    dictation_press: () => null,
    dictation_release: () => null,
    dictation_toggle: () => null,
    dictation_cancel: () => null,
    settings_get: () => this.settings,
    settings_patch: ({ patch }) => {
      const { key, value } = patch as { key: string; value: unknown };
      this.settings = patched(this.settings, key, value);
      if (key === "speech.model") this.models = this.models.map((model) => ({ ...model, chosen: model.id === value }));
      return this.settings;
    },
    settings_reset: () => {
      this.settings = structuredClone(sample.settings);
      return this.settings;
    },
    models_list: () => this.models,
    models_install: () => null,
    models_cancel_install: () => null,
    models_remove: ({ id }) => {
      this.models = this.models.map((model) => (model.id === id ? { ...model, installed: false } : model));
      return null;
    },
    models_import: () => null,
    language_list: () => this.languageModels,
    language_remove: ({ id }) => {
      this.languageModels = this.languageModels.map((model) =>
        model.id === id ? { ...model, installed: false, chosen: false, path: null } : model,
      );
      return null;
    },
    language_import: () => "imported",
    language_found: () => this.found,
    microphone_list: () => this.microphones,
    microphone_test: () => null,
    history_list: ({ query }) => this.page(query as HistoryQuery),
    history_get: ({ id }) => this.history.find((row) => row.id === id),
    history_delete: ({ id }) => {
      this.removed.add(id as string);
      return null;
    },
    history_restore: ({ id }) => {
      this.removed.delete(id as string);
      return null;
    },
    history_retry: () => null,
    history_copy: () => null,
    history_bring_back: () => null,
    history_audio: () => sample.wav(),
    history_export: ({ wish }) => {
      const { form, text, filter } = wish as ExportWish;
      const query = { text: text ?? "", before: null, limit: 1_000_000, filter: filter ?? {} };
      const count = this.page(query).rows.length;
      return { path: `/home/ada/Downloads/tonnytray-history-2026-11-21.${form}`, count };
    },
    history_show_exports: () => null,
    history_activity: ({ query }) => done.activityPage(this.activity, query as ActivityQuery),
    history_statistics: ({ query }) => done.statistics(query as StatisticsQuery, this.now, this.history.length > 0),
    storage_view: () => this.storage,
    storage_back_up: () => {
      const made = { name: "app-now.db", made_at: new Date().toISOString(), bytes: 18_400_000 };
      this.storage = { ...this.storage, backups: [made, ...this.storage.backups] };
      return made.name;
    },
    storage_restore: () => null,
    storage_check: () => ({ findings: [], mended: [] }),
    storage_clean_up: () => ({ utterances: 0, recordings: 12, activity: 0, backups: 1 }),
    storage_vacuum: () => null,
    secrets_list: () => this.secrets,
    secrets_set: ({ id, tryIt }) => {
      this.secret(id, { presence: "set", place: this.secrets.place, set_at: new Date().toISOString() });
      return { id, tried: tryIt ? "good" : "not", note: null };
    },
    secrets_clear: ({ id }) => {
      this.secret(id, { presence: "unset", place: null });
      return true;
    },
    secrets_forget: () => {
      for (const { id } of this.secrets.secrets) this.secret(id, { presence: "unset", place: null });
      return 2;
    },
    vault_choose: ({ choice }) => this.move(choice as VaultChoice),
    vault_unlock: () => this.vault({ state: "working", problem: null }),
    vault_lock: () => this.vault({ state: "file_locked" }),
    vault_password: () => null,
    worker_start: () => null,
    worker_stop: () => null,
    worker_restart: () => null,
    worker_reset_breaker: () => null,
    worker_usage: ({ name }) => this.usage(name as string),
    worker_log: ({ query }) => this.logPage(query as WorkerLogQuery),
    log_list: ({ query }) => this.appLogPage(query as AppLogQuery),
    worker_output: ({ id }) => this.log.find((row) => row.id === id && row.kind === "incident") ?? null,
  };

  private page({ text, before, limit, filter }: HistoryQuery) {
    const { route = null, engine = null, state = null, since = null, speaker = null, profile = null } = filter ?? {};
    const wanted = text.toLowerCase();
    const kept = this.history.filter((row) => !this.removed.has(row.id));
    const found = kept
      .filter((row) => row.text.toLowerCase().includes(wanted))
      .filter((row) => route === null || row.route === route)
      .filter((row) => engine === null || row.engine === engine)
      .filter((row) => state === null || row.state === state)
      .filter((row) => speaker === null || row.speaker === speaker)
      .filter((row) => profile === null || row.profile === profile)
      .filter((row) => since === null || row.started_at >= since)
      .map((row) => ({ ...row, matches: wanted === "" ? [] : [matchIn(row.text.toLowerCase(), wanted)] }));
    // By the row's own id, as the app does: a row that came meanwhile moves nothing.
    const from = before === null ? 0 : found.findIndex((row) => row.id === before) + 1;
    const rows = found.slice(from, from + limit);
    return { rows, next: from + limit < found.length ? (rows.at(-1)?.id ?? null) : null, total: kept.length };
  }

  /** A history of `count` utterances that are made only when they are asked for. */
  spokenFor(count: number, now: Date): this {
    this.overrides.set("history_list", ({ query }) => {
      const { before, limit } = query as HistoryQuery;
      const from = before === null ? 0 : Number(before);
      const rows = Array.from({ length: Math.min(limit, count - from) }, (_, index) =>
        sample.row(from + index, new Date(now.getTime() - (from + index) * 600_000)),
      );
      return { rows, next: from + limit < count ? String(from + limit) : null, total: count };
    });
    return this;
  }

  private secret(id: unknown, change: Partial<Kept>): void {
    const secrets = this.secrets.secrets.map((one) => (one.id === id ? { ...one, ...change } : one));
    this.secrets = { ...this.secrets, secrets };
  }

  /** From a place that does not answer nothing is moved, and nothing is deleted there. */
  private move(choice: VaultChoice): SecretsMoved {
    const before = this.secrets;
    const inReach = before.state === "working" || before.place === choice.place;
    const count = before.secrets.filter(({ presence }) => presence !== "unset").length;
    this.vault(wished(choice));
    return { moved: inReach ? count : 0, left_behind: inReach ? 0 : count, set_aside: null };
  }

  private vault(change: Partial<VaultReport>): null {
    this.secrets = { ...this.secrets, ...change };
    return null;
  }

  private logPage({ worker = null, level = null, before = null, limit = 100 }: WorkerLogQuery) {
    const found = this.log
      .filter((row) => worker === null || row.worker === worker)
      .filter((row) => level === null || LEVELS.indexOf(row.level) <= LEVELS.indexOf(level));
    // By the row's own id, as the app does: a row that came meanwhile moves nothing.
    const from = before === null ? 0 : found.findIndex((row) => row.id === Number(before)) + 1;
    const rows = found.slice(from, from + limit);
    const next = from + limit < found.length ? String(rows.at(-1)?.id) : null;
    return { rows: rows.map((row) => ({ ...row, at: row.at_ms / 1000 })), next };
  }

  private appLogPage({ level, text, before, limit }: AppLogQuery) {
    const order = [...LEVELS, "trace"];
    const found = this.appLog
      .filter((row) => level == null || order.indexOf(row.level) <= order.indexOf(level))
      .filter((row) => `${row.target} ${row.text}`.toLowerCase().includes((text ?? "").toLowerCase()))
      .filter((row) => before == null || row.id < before);
    const rows = found.slice(0, limit);
    return { rows, next: rows.length < found.length ? (rows.at(-1)?.id ?? null) : null };
  }
}

function wished({ place, auto_lock_min }: VaultChoice): Partial<VaultReport> {
  return auto_lock_min === null ? { place } : { place, auto_lock_min };
}

const LEVELS = ["error", "warn", "info", "debug"];

function matchIn(text: string, wanted: string): [number, number] {
  const at = text.indexOf(wanted);
  return [at, at + wanted.length];
}
