// The values the fake app answers with: one believable machine in the middle of a working day.
import type {
  AppFacts,
  BackupView,
  HistoryRow,
  InputDevice,
  ModelRow,
  Settings,
  Snapshot,
  StorageView,
  VaultReport,
} from "../../src/ipc/bindings";
import { workers } from "./workers";

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
  hotkeys: { dictate: "Ctrl+Shift+Space" },
  dictation: { tap_ms: 300, tail_ms: 0, keep_audio: true, language: "auto", engine_wait_s: 60, type_recovered: false },
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
  workers: { llama: false, llama_program: null, llama_model: null, commands: [] },
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
    cancelled_hours: 24,
    backups: true,
    encrypt_audio: false,
  },
  logging: { level: "info", format: "text" },
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

const SENTENCES = [
  "Let us meet on Thursday at ten. I will bring the numbers from last quarter, and you could show the two drafts we talked about, so that we can decide on one before lunch.",
  "Please rename the branch before you push it.",
  "Zoë's naïve café is open until nine.",
  "The second paragraph says the same as the first; cut it, and move the example up to the top where people will actually see it.",
  "Ask not what your country can do for you, ask what you can do for your country.",
  "Reply to Jonas: yes, works for me.",
];

/** A second of speech-like sound as a WAV file: 16 kHz, mono, 16 bit. */
export function wav(seconds = 3.2): ArrayBuffer {
  const rate = 16_000;
  const frames = Math.round(seconds * rate);
  const bytes = new DataView(new ArrayBuffer(44 + frames * 2));
  const word = (at: number, text: string) => {
    for (let index = 0; index < text.length; index += 1) bytes.setUint8(at + index, text.charCodeAt(index));
  };
  word(0, "RIFF");
  bytes.setUint32(4, 36 + frames * 2, true);
  word(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  word(36, "data");
  bytes.setUint32(40, frames * 2, true);
  for (let index = 0; index < frames; index += 1) {
    const at = index / rate;
    const loudness = Math.max(0, Math.sin(at * 5.1)) * (0.4 + 0.6 * Math.abs(Math.sin(at * 1.7)));
    bytes.setInt16(44 + index * 2, Math.round(loudness * 16_000 * Math.sin(at * 900)), true);
  }
  return bytes.buffer;
}

export function row(index: number, at: Date): HistoryRow {
  return {
    id: `u${index}`,
    started_at: at.toISOString(),
    text: SENTENCES[index % SENTENCES.length] ?? "",
    raw_text: null,
    state: "delivered",
    route: "type",
    engine: "speech",
    model: "whisper-tiny.en",
    language: "en",
    inserted_by: index % 2 === 0 ? "paste" : "type",
    target: index % 2 === 0 ? "firefox" : "xterm",
    error_code: null,
    error_message: null,
    audio_ms: 2100 + ((index * 1370) % 9000),
    has_audio: true,
    recovered: false,
    profile: null,
    speaker: null,
    confidence: null,
    success: null,
    timings_ms: { first_sample: 42, release: 3180, last_audio: 3195, final_text: 3402, delivered: 3446 },
    matches: [],
  };
}

/** `count` utterances before `now`, newest first, a few of which went less well. */
export function history(count: number, now: Date): HistoryRow[] {
  const rows = Array.from({ length: count }, (_, index) =>
    row(index, new Date(now.getTime() - (index * 97 + 3) * 60_000)),
  );
  const worse: [number, Partial<HistoryRow>][] = [
    [
      2,
      {
        state: "kept",
        inserted_by: null,
        error_code: "TT-INSERT-402",
        error_message: "The window did not take the text.",
      },
    ],
    [
      4,
      {
        state: "failed",
        text: "",
        has_audio: true,
        inserted_by: null,
        target: null,
        error_code: "TT-ENGINE-302",
        error_message: "The speech engine stopped and did not come back in time.",
        timings_ms: { first_sample: 40, release: 5100, last_audio: 5120 },
      },
    ],
    [5, { state: "cancelled", inserted_by: null, target: null }],
    [7, { recovered: true, state: "kept", inserted_by: null }],
  ];
  for (const [index, change] of worse) {
    const found = rows[index];
    if (found) rows[index] = { ...found, ...change };
  }
  return rows;
}

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
