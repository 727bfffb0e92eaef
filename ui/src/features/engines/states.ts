// How a worker is, as a colour, and what may be done with it in that state; the words are in the locales.
import type { Tone } from "../../components/StatusDot";
import type { WorkerView } from "../../ipc/bindings";

const STATE_TONES: Record<string, Tone> = {
  ready: "good",
  busy: "good",
  starting: "warn",
  stopping: "warn",
  draining: "warn",
  backoff: "warn",
  crash_loop: "bad",
  failed: "bad",
};
const HEALTH_TONES: Record<string, Tone> = { healthy: "good", degraded: "warn", unhealthy: "bad" };
const LEVEL_TONES: Record<string, Tone> = { error: "bad", warn: "warn" };

export const toneOf = (state: string): Tone => STATE_TONES[state] ?? "quiet";
export const toneOfHealth = (health: string): Tone => HEALTH_TONES[health] ?? "quiet";
export const toneOfLevel = (level: string): Tone => LEVEL_TONES[level] ?? "quiet";

type Shown = Pick<WorkerView, "state" | "breaker" | "requests">;

/** Without a process there is nothing to stop or restart, and with one nothing to start. */
export function actionsFor({ state, breaker, requests }: Shown): { start: boolean; stop: boolean; reset: boolean } {
  const resting = state === "stopped" || state === "failed";
  return {
    start: resting,
    stop: !resting && state !== "no_model",
    reset: breaker !== "closed" || requests.state !== "closed",
  };
}
