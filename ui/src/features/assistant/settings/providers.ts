// How a provider is, in one word: a pure decision over what the app says and what the user just chose.
import type { Tone } from "../../../components/StatusDot";
import type { Presence, ProviderView } from "../../../ipc/bindings";

export type ProviderState = "ready" | "off" | "no_key" | "no_address" | "unavailable";

/** What it lacks comes before what the app says of it: a key or an address is what the user can do something about. */
export function stateOf(provider: ProviderView, isOn: boolean, presence: Presence | undefined): ProviderState {
  if (!isOn) return "off";
  if (provider.host === null && !provider.is_local) return "no_address";
  if (provider.needs_key && presence === "unset") return "no_key";
  return provider.unavailable === null ? "ready" : "unavailable";
}

const TONES: Record<ProviderState, Tone> = {
  ready: "good",
  off: "quiet",
  no_key: "warn",
  no_address: "warn",
  unavailable: "warn",
};

export const toneOf = (state: ProviderState): Tone => TONES[state];

/** What is wrong with an address, without the names of the setting and the provider in front: the field says those. */
export function wrongAddress(sentence: string, id: string): string {
  const [, said] = sentence.split(`assistant.addresses: ${id}: `);
  return said === undefined ? sentence : said.replace(/^./, (first) => first.toUpperCase());
}
