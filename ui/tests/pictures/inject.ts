// Runs in the browser before the built window: puts the fake app where Tauri would be, in the scene the address names.
import { FakeApp } from "../fake/app";
import { speechWorker } from "../fake/sample";

const scene = new URLSearchParams(window.location.search).get("scene") ?? "full";
const theme = new URLSearchParams(window.location.search).get("theme") === "dark" ? "dark" : "light";
const language = (new URLSearchParams(window.location.search).get("language") ?? "en") as "en" | "de" | "es";
const now = new Date();
now.setHours(16, 40, 0, 0);
const app = new FakeApp(now, scene === "empty" ? 0 : 120);
app.settings = { ...app.settings, appearance: { theme, language } };
const storeProblem = {
  code: "TT-STORE-602",
  message: "The database could not be used.",
  advice: "Close other copies of TonnyTray and try again; run `tonny doctor`.",
};

/** What the pages about other machines ask. */
const OUTSIDE = ["provider_list", "ledger_days", "ledger_list", "contract_get"];

const scenes: Record<string, () => void> = {
  empty: () => {
    app.snapshot.model.installed = false;
    app.snapshot.workers = [];
    app.snapshot.last = null;
    app.models = app.models.map((model) => ({ ...model, installed: false, chosen: false }));
    app.microphones = [];
    app.secrets = { ...app.secrets, secrets: [] };
    app.privacy.providers = [];
    app.assistant.models = [];
    app.settings.assistant = { ...app.settings.assistant, models: [], prompts: [], system: null };
    app.settings.hotkeys = { ...app.settings.hotkeys, assistant: null };
    app.storage = { ...app.storage, utterances: 0, recordings_bytes: 0, first_at: null, backups: [] };
  },
  loading: () => {
    for (const command of [
      "settings_get",
      "models_list",
      "history_list",
      "app_facts",
      "worker_usage",
      "worker_log",
      "secrets_list",
      "conversation_list",
      "conversation_get",
      ...OUTSIDE,
    ])
      app.hang(command);
    app.settings = { ...app.settings };
  },
  error: () => {
    for (const command of [
      "models_list",
      "history_list",
      "app_facts",
      "worker_usage",
      "worker_log",
      "secrets_list",
      "storage_view",
      "conversation_list",
      "conversation_get",
      ...OUTSIDE,
    ])
      app.refuse(command, storeProblem);
  },
  million: () => {
    app.spokenFor(1_000_000, now);
  },
  full: () => {
    app.answers("storage_check", () => ({
      findings: ["The index of texts does not know rowid 4311."],
      mended: ["The search over utterances had lost step with its texts and was made anew."],
    }));
    const test = app.privacy.handlers.provider_test;
    app.answers("provider_test", (args) =>
      args.id === "anthropic"
        ? Promise.reject({
            code: "TT-LLM-101",
            message: "Anthropic: The key was refused (HTTP 401, authentication_error).",
            advice: "Put in a new key under Settings, Secrets.",
          })
        : test?.(args),
    );
    app.refuse("secrets_set", {
      code: "TT-SECRET-904",
      message: "OpenAI refused the key.",
      advice: "Copy it again from your account; keys are shown there only once.",
    });
  },
  recording: () => {
    app.snapshot.state = "recording";
    app.snapshot.live = {
      committed: "Let us meet on Thursday at ten, I will bring",
      tentative: "the numbers from last",
      elapsed_ms: 4000,
    };
  },
  trouble: () => {
    app.snapshot.problem = {
      code: "TT-INSERT-402",
      message: "The window did not take the text.",
      advice: "The text is on the clipboard: paste it where you want it.",
    };
    app.secrets = {
      ...app.secrets,
      place: "file",
      state: "file_locked",
      problem: {
        code: "TT-VAULT-907",
        message: "The encrypted file with the secrets is locked.",
        advice: "Type in its password; until then nothing that needs a secret works.",
      },
      wrong_passwords: 3,
      retry_in_s: 8,
      migration: {
        moved: [{ id: "openai", from: "/home/ada/.config/tonnytray/config.json" }],
        left: [{ file: "/home/ada/.config/tonnytray/old.json", why: "It is not JSON from line 4 on." }],
      },
    };
    app.snapshot.hotkey_problem = {
      code: "TT-HOTKEY-501",
      message: "Another program uses this hotkey. It was Ctrl+Shift+Space.",
      advice: "Choose another one under Settings, General, or close that program.",
    };
    app.snapshot.install = { id: "whisper-base", stage: "Downloading", done: 61_000_000, total: 147_900_000 };
    app.snapshot.workers = [
      {
        ...speechWorker,
        state: "crash_loop",
        detail: "It stopped seven times in a minute.",
        health: "unhealthy",
        pid: null,
        started_at_ms: null,
        restarts: 7,
        breaker: "open",
        requests: { state: "open", retry_at_ms: Date.now() + 30_000 },
        unstable: true,
        next_try_ms: Date.now() + 30_000,
      },
      {
        ...speechWorker,
        name: "tagger",
        kind: "custom",
        title: "Own command",
        state: "hibernating",
        pid: 77,
        requests: { state: "held", retry_at_ms: null },
      },
    ];
  },
};
scenes[scene]?.();
app.install();
// For the acts that need the app to do something by itself, and for measuring.
const { longConversation } = window as { longConversation?: number };
if (longConversation !== undefined) app.assistant.long("long", longConversation);
Object.assign(window, {
  fakeApp: app,
  growFast: (id: string, text: string) => app.assistant.tell("long", id, text),
});
