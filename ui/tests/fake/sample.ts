// The values the fake app answers with: one believable machine in the middle of a working day.
import type {
  AppFacts,
  BackupView,
  InputDevice,
  ModelRow,
  Settings,
  Snapshot,
  StorageView,
  VaultReport,
} from "../../src/ipc/bindings";
import { workers } from "./workers";

export { history, row, wav } from "./history";
export { appLog, log, speechWorker, usage } from "./workers";

/** In milliseconds. */
const HOUR_MS = 3_600_000;

export const facts: AppFacts = {
  version: "0.1.0",
  licence: "MIT or Apache-2.0",
  data_dir: "/home/ada/.local/share/tonnytray",
  log_dir: "/home/ada/.local/state/tonnytray/logs",
  session: "x11",
  commit: "4b444eb",
};

export const settings: Settings = {
  assistant: {
    models: ["openai/gpt-4o", "anthropic/claude-sonnet", "openrouter/unknown-8b", "local/smollm2"],
    prompts: [
      { name: "Translator", text: "Translate whatever comes into English. Say nothing else." },
      { name: "Reviewer", text: "Look for mistakes in code. Name the line and the reason." },
    ],
    system: "Answer briefly, in plain words.",
    providers: ["openai", "anthropic"],
    addresses: [],
    model_edits: [],
    refresh_models: false,
    models_address: null,
    longest_answer: 2048,
    patience_s: 10,
    voice_patience_s: 2,
    day_cents: 0,
    month_cents: 0,
    unload_min: 10,
  },
  clean_up: {
    enabled: false,
    typed: true,
    copied: true,
    deadline_ms: 1500,
    model: null,
    tone: "as_spoken",
    prompt: null,
  },
  privacy: { offline: false, ledger_days: 0, contract: null },
  hotkeys: { dictate: "Ctrl+Shift+Space", assistant: "Ctrl+Shift+Alt+Space" },
  dictation: {
    tap_ms: 300,
    tail_ms: 0,
    keep_audio: true,
    language: "auto",
    engine_wait_s: 60,
    longest_recording_min: 120,
    type_recovered: false,
  },
  microphone: { device: null },
  speech: {
    model: "whisper-tiny.en",
    threads: 0,
    engines: ["embedded"],
    whisperlivekit_program: null,
    whisperlivekit_model: null,
  },
  insertion: { method: "auto", receipt_wait_ms: 1000, modifier_wait_ms: 2000 },
  overlay: { enabled: true },
  appearance: { theme: "system", language: "en" },
  startup: { autostart: true, show_window: false },
  models: { package_index: null },
  notifications: { enabled: true },
  workers: { llama: false, llama_program: null, llama_model: null, memory_ceiling_mb: 0, commands: [] },
  storage: {
    keep_text: true,
    text_days: 0,
    text_count: 0,
    text_mb: 0,
    audio_days: 90,
    audio_count: 0,
    audio_mb: 8000,
    activity_days: 365,
    activity_count: 100_000,
    activity_mb: 0,
    cancelled_hours: 24,
    backups: true,
    encrypt_audio: false,
  },
  logging: {
    level: "info",
    format: "text",
    files: 8,
    file_mb: 4,
    worker_mb: 64,
    days: 30,
    worker_days: 14,
    incident_days: 30,
  },
};

export const snapshot: Snapshot = {
  state: "idle",
  hands_free: false,
  live: null,
  workers,
  last: {
    id: "u1",
    text: "Let us meet on Thursday at ten.",
    state: "delivered",
    timings_ms: { first_sample: 42, release: 3180, last_audio: 3195, final_text: 3402, delivered: 3446 },
  },
  problem: null,
  model: { chosen: "whisper-tiny.en", installed: true, name: "Whisper tiny (English)" },
  install: null,
  hotkey_problem: null,
  hotkeys_paused: false,
  microphones: { chosen: null, known: [] },
  recovered: 0,
  history_version: 1,
  secrets_version: 1,
};

const EUROPE = ["en", "de", "es", "fr", "it", "nl", "pl", "pt"];

export const models: ModelRow[] = [
  {
    id: "whisper-tiny.en",
    name: "Whisper tiny (English)",
    family: "whisper",
    languages: ["en"],
    licence: "MIT",
    summary: "Small and quick. Good for clear English on any machine.",
    bytes: 77_700_000,
    installed: true,
    chosen: true,
    recommended: false,
  },
  {
    id: "whisper-base",
    name: "Whisper base",
    family: "whisper",
    languages: [...EUROPE, "ja", "zh"],
    licence: "MIT",
    summary: "Hears names and accents better, and many languages.",
    bytes: 147_900_000,
    installed: false,
    chosen: false,
    recommended: true,
  },
  {
    id: "whisper-large-v3-turbo",
    name: "Whisper large v3 turbo",
    family: "whisper",
    languages: [...EUROPE, "ja", "zh"],
    licence: "MIT",
    summary: "The most accurate. Wants a fast processor or a graphics card.",
    bytes: 1_624_500_000,
    installed: false,
    chosen: false,
    recommended: false,
  },
  {
    id: "parakeet-tdt-0.6b-v3",
    name: "Parakeet TDT 0.6B v3",
    family: "parakeet",
    languages: EUROPE,
    licence: "CC-BY-4.0",
    summary: "Very quick for its accuracy. European languages.",
    bytes: 670_000_000,
    installed: true,
    chosen: false,
    recommended: false,
  },
];

export const microphones: InputDevice[] = [
  { id: "alsa:usb", name: "Blue Yeti Analog Stereo", is_default: true },
  { id: "alsa:internal", name: "Built-in Audio Analog Stereo", is_default: false },
];

const DAY_MS = 24 * HOUR_MS;

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

export const secrets: VaultReport = {
  place: "keyring",
  state: "working",
  protection: "The operating system's keyring protects them; it opens with your login.",
  problem: null,
  wrong_passwords: 0,
  retry_in_s: 0,
  auto_lock_min: 30,
  migration: null,
  exposed_at: null,
  secrets: [
    {
      id: "openai",
      label: "OpenAI key",
      purpose: "For transcription and rewriting at OpenAI, if you choose to.",
      presence: "set",
      place: "keyring",
      set_at: ago(3 * DAY_MS),
      used_at: ago(12 * 60_000),
      can_be_tried: true,
      trial_note: null,
      can_be_typed: true,
    },
    {
      id: "elevenlabs",
      label: "ElevenLabs key",
      purpose: "Voices that read answers aloud.",
      presence: "unset",
      place: null,
      set_at: null,
      used_at: null,
      can_be_tried: true,
      trial_note: null,
      can_be_typed: true,
    },
    {
      id: "anthropic",
      label: "Anthropic key",
      purpose: "For questions to Claude, if you choose to.",
      presence: "unset",
      place: null,
      set_at: null,
      used_at: null,
      can_be_tried: true,
      trial_note: null,
      can_be_typed: true,
    },
    {
      id: "webhook",
      label: "Webhook address",
      purpose: "Where a route may send what you said.",
      presence: "out_of_reach",
      place: "file",
      set_at: ago(40 * DAY_MS),
      used_at: null,
      can_be_tried: false,
      trial_note: "It is not tried: nothing at the provider answers for it.",
      can_be_typed: true,
    },
    {
      id: "recordings",
      label: "Key of encrypted recordings",
      purpose: "Opens recordings that are encrypted.",
      presence: "set",
      place: "keyring",
      set_at: ago(2 * DAY_MS),
      used_at: null,
      can_be_tried: false,
      trial_note: "It is not tried: nothing at the provider answers for it.",
      can_be_typed: false,
    },
  ],
};

const backup = (hours: number): BackupView => ({
  name: `app-${hours}.db`,
  made_at: ago(hours * HOUR_MS),
  bytes: 18_400_000,
});

export const storage: StorageView = {
  database_bytes: 21_300_000,
  free_bytes: 2_100_000,
  recordings: 4120,
  recordings_bytes: 3_120_000_000,
  utterances: 12_481,
  words: 318_204,
  minutes: 2260,
  first_at: "2025-03-02T09:12:00Z",
  logs_bytes: 9_400_000,
  models_bytes: 1_240_000_000,
  disk_free_bytes: 84_000_000_000,
  backups: [backup(0.6), backup(1.7), backup(26), backup(120)],
};
