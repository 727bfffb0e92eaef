// A stand-in for the side of the app that watches what leaves: providers, the contract, the ledger.
import type {
  ContractView,
  LedgerDay,
  LedgerView,
  Problem,
  ProviderView,
  Settings,
  TriedOut,
} from "../../src/ipc/bindings";
import { BUILT_IN, ledger, ledgerDays, listed, providers } from "./outside";

type Args = Record<string, unknown>;

export const contractWrong = (detail: string): Problem => ({
  code: "TT-CHAT-1109",
  message: `The contract does not load. ${detail}.`,
  advice: "Mend what is named; the contract that was in force stays in force.",
});

export class FakePrivacy {
  providers: ProviderView[] = structuredClone(providers);
  ledger: LedgerView[];
  days: LedgerDay[];

  constructor(
    now: Date,
    entries: number,
    private readonly settings: () => Settings,
  ) {
    this.ledger = ledger(entries * 3, now);
    this.days = entries === 0 ? [] : ledgerDays(now);
  }

  readonly handlers: Record<string, (args: Args) => unknown> = {
    provider_list: () => this.providers.map((provider) => this.asSet(provider)),
    provider_test: ({ id }) => ({ id, models: listed[id as string] ?? null }),
    contract_get: () => this.inForce(),
    contract_check: ({ text }) => this.checked(text as string),
    contract_try: ({ text, words, model }) => this.tried(text as string, words as string, model as string),
    ledger_list: ({ before, limit }) => this.page(before as string | null, limit as number),
    ledger_days: () => this.days,
  };

  /** As the app does: whether it may be asked is a setting, and so is its address. */
  private asSet(provider: ProviderView): ProviderView {
    const { assistant } = this.settings();
    const base = assistant.addresses.find((address) => address.provider === provider.id)?.base;
    const is_on = provider.is_local || assistant.providers.includes(provider.id);
    const host = base === undefined ? provider.host : new URL(base).host;
    return { ...provider, is_on, host, unavailable: is_on ? provider.unavailable : `${provider.label} is not on.` };
  }

  private inForce(): ContractView | Promise<never> {
    const { contract } = this.settings().privacy;
    if (contract === null) return { name: "default", version: 1, text: BUILT_IN, is_own: false };
    return this.checked(contract);
  }

  private checked(text: string): ContractView | Promise<never> {
    const name = /^name = "(.*)"/m.exec(text)?.[1];
    if (name !== undefined) return { name, version: 2, text, is_own: true };
    const drawing = "TOML parse error at line 3, column 1\n  |\n3 | nam\n  | ^^^\nkey with no value";
    return Promise.reject(contractWrong(`the contract cannot be read: ${drawing}`));
  }

  private tried(text: string, words: string, model: string): TriedOut | Promise<never> {
    const checked = this.checked(text);
    if (checked instanceof Promise) return checked;
    if (/ask me/.test(words)) return { verdict: "ask", leaves: null, rules: ["customer"], why: null };
    if (/sk%2D/.test(words)) {
      const why = `the rule api_key found a wrapped key; nothing goes to ${model}`;
      return { verdict: "deny", leaves: null, rules: ["api_key"], why };
    }
    const leaves = words.replace(/\S+@\S+\.\w+/g, "[EMAIL_1]");
    return { verdict: "allow", leaves, rules: leaves === words ? [] : ["email"], why: null };
  }

  private page(before: string | null, limit: number) {
    const from = before === null ? 0 : Number(before);
    const rows = this.ledger.slice(from, from + limit);
    return { rows, next: from + limit < this.ledger.length ? String(from + limit) : null };
  }
}
