// Who is outside of the fake app's machine, and what went there.
import type { LanguageFound, LanguageModelRow, LedgerDay, LedgerView, ProviderView } from "../../src/ipc/bindings";

const provider = (change: Partial<ProviderView> & Pick<ProviderView, "id" | "label">): ProviderView => ({
  host: `api.${change.id}.example`,
  is_local: false,
  secret: change.id,
  needs_key: true,
  is_on: false,
  unavailable: null,
  models: 12,
  asked: null,
  ...change,
});

export const providers: ProviderView[] = [
  provider({
    id: "openai",
    label: "OpenAI",
    host: "api.openai.com",
    asked: { at: new Date(Date.now() - 120_000).toISOString(), code: null },
  }),
  provider({
    id: "anthropic",
    label: "Anthropic",
    host: "api.anthropic.com",
    unavailable: "Anthropic has no key yet.",
  }),
  provider({ id: "openrouter", label: "OpenRouter", host: "openrouter.ai" }),
  provider({
    id: "openai-compatible",
    label: "OpenAI-compatible server",
    host: null,
    needs_key: false,
    unavailable: "OpenAI-compatible server has no address yet; give one under assistant.addresses.",
  }),
  provider({
    id: "local",
    label: "Local model",
    host: "127.0.0.1",
    is_local: true,
    secret: null,
    needs_key: false,
    unavailable: "The local model cannot answer: no model file is chosen.",
  }),
];

export const languageModels: LanguageModelRow[] = [
  {
    id: "smollm2-135m",
    name: "SmolLM2 135M",
    languages: ["en"],
    licence: "Apache-2.0",
    summary: "Tiny: answers at once on any computer, and is often wrong.",
    bytes: 98_362_432,
    installed: true,
    chosen: true,
    path: "/data/language-models/smollm2-135m/model.gguf",
  },
  {
    id: "qwen2.5-1.5b",
    name: "Qwen2.5 1.5B",
    languages: ["en", "zh", "fr", "es", "de"],
    licence: "Apache-2.0",
    summary: "A good middle: many languages, and quick on two cores.",
    bytes: 986_048_768,
    installed: true,
    chosen: false,
    path: "/data/language-models/qwen2.5-1.5b/model.gguf",
  },
  {
    id: "qwen3-1.7b",
    name: "Qwen3 1.7B",
    languages: ["en", "zh", "fr", "es", "de"],
    licence: "Apache-2.0",
    summary: "The best of these; thinks before it answers, which takes its time.",
    bytes: 1_282_439_584,
    installed: false,
    chosen: false,
    path: null,
  },
];

export const found: LanguageFound = {
  program: "/opt/engines/llama/bin/llama-server",
  on_path: "/usr/local/bin/llama-server",
  ollama: ["llama3.2:3b", "qwen3:4b"],
};

export const listed: Record<string, string[]> = {
  openai: [
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "o3",
    "o4-mini",
    "chatgpt-4o-latest",
    "gpt-3.5-turbo",
    "gpt-image-1",
  ],
};

export const BUILT_IN = `# The contract that comes with TonnyTray.

name = "default"
version = 1
local_only = false

# Other machines, those of the own network among them.
[cloud]
providers = ["*"]
models = ["*"]
switched_on = true
unknown_price = "allow"

[tokens]
input = 200000
output = 32000

# US dollars.
[cost]
request = "1.00"
day = "10.00"
month = "100.00"

[[redact]]
kind = "email"
on_hit = "mask"

[[example]]
name = "people are masked"
text = "Tell ada@example.org and bob@example.org to call; ada@example.org first."
expect = "redact"
becomes = "Tell [EMAIL_1] and [EMAIL_2] to call; [EMAIL_1] first."
`;

const WENT: Partial<LedgerView>[] = [
  { model: "gpt-4o", rules: ["email", "phone"], cost: 0.0061 },
  { model: "gpt-4o-mini", purpose: "cleanup", bytes_out: 641, bytes_in: 1204, cost: 0.00003 },
  { provider: "openrouter", host: "openrouter.ai", model: "unknown-8b", cost: null, is_estimated: true },
  { model: "gpt-4o", bytes_in: 0, tokens_out: 0, code: "TT-LLM-130", cost: 0.0012 },
  {
    model: "gpt-4o",
    is_sent: false,
    rules: ["api_key"],
    code: "TT-LLM-160",
    cost: 0,
    bytes_out: 0,
    bytes_in: 0,
    tokens_in: 0,
    tokens_out: 0,
  },
  { provider: "local", host: "127.0.0.1", model: "smollm2", cost: 0 },
  { purpose: "test", model: "", bytes_out: 0, bytes_in: 0, tokens_in: 0, tokens_out: 0, cost: 0 },
];

/** `count` attempts before `now`, newest first. */
export function ledger(count: number, now: Date): LedgerView[] {
  return Array.from({ length: count }, (_, index) => ({
    at: new Date(now.getTime() - (index * 37 + 2) * 60_000).toISOString(),
    purpose: "assistant",
    provider: "openai",
    host: "api.openai.com",
    model: "gpt-4o",
    bytes_out: 4120 + index,
    bytes_in: 18_300,
    tokens_in: 1204,
    tokens_out: 312,
    cost: 0.0061,
    is_estimated: false,
    rules: [],
    is_sent: true,
    is_open: false,
    code: null,
    conversation: null,
    ...WENT[index % WENT.length],
  }));
}

/** A few days of each host. */
export function ledgerDays(now: Date): LedgerDay[] {
  const day = (ago: number, host: string, change: Partial<LedgerDay>): LedgerDay => ({
    day: new Date(now.getTime() - ago * 86_400_000).toISOString().slice(0, 10),
    host,
    sent: 24 - ago,
    failed: 0,
    refused: 0,
    bytes_out: 98_000 - ago * 1000,
    bytes_in: 412_000,
    cost: 0.14,
    unknown_costs: 0,
    ...change,
  });
  return [
    day(0, "api.openai.com", { failed: 2, refused: 3 }),
    day(1, "api.openai.com", {}),
    day(4, "api.openai.com", { cost: 0.31 }),
    day(1, "openrouter.ai", { sent: 4, bytes_out: 16_480, cost: 0, unknown_costs: 4 }),
    day(2, "openrouter.ai", { sent: 3, bytes_out: 900, cost: 0.02, unknown_costs: 1 }),
    day(0, "127.0.0.1", { sent: 31, cost: 0 }),
    day(0, "api.anthropic.com", { sent: 0, refused: 1, bytes_out: 0, bytes_in: 0, cost: 0 }),
  ];
}
