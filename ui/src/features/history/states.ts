// How far an utterance got, as a colour; the words are in the locales.
import type { Tone } from "../../components/StatusDot";

const TONES: Record<string, Tone> = {
  recording: "signal",
  delivered: "good",
  kept: "warn",
  failed: "bad",
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? "quiet";
}
