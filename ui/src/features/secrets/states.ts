// How a secret or its place is, as a colour; the words are in the locales.
import type { Tone } from "../../components/StatusDot";
import type { Place } from "../../ipc/bindings";

export const PLACES: readonly Place[] = ["keyring", "file", "session"];

const SECRET_TONES: Record<string, Tone> = { set: "good", out_of_reach: "warn" };
const VAULT_TONES: Record<string, Tone> = {
  working: "good",
  text_only: "good",
  locked: "warn",
  file_locked: "warn",
  dismissed: "warn",
  changed: "warn",
};

export const toneOfSecret = (presence: string): Tone => SECRET_TONES[presence] ?? "quiet";
/** A place in any other state cannot be used, so that is what a state the window does not know says too. */
export const toneOfVault = (state: string): Tone => VAULT_TONES[state] ?? "bad";
export const works = (state: string): boolean => toneOfVault(state) === "good";
