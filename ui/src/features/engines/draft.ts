// A worker of the user's own as a form holds it, and back; and which field a refusal is about.
import type { CommandReady, Problem, WorkerCommand } from "../../ipc/bindings";

export type ReadyKind = "json_line" | "log_line" | "probe";

export type Draft = {
  name: string;
  program: string;
  /** One argument a line: no shell takes them apart. */
  args: string;
  ready: ReadyKind;
  /** The text before the address, or the address. */
  where: string;
  health: string;
  token: string;
  speech: boolean;
};

export type DraftField = "name" | "program" | "args" | "ready" | "health" | "token_env";

export const EMPTY: Draft = {
  name: "",
  program: "",
  args: "",
  ready: "json_line",
  where: "",
  health: "",
  token: "",
  speech: false,
};

export function draftOf({ name, program, args, ready, health, token_env, speech }: WorkerCommand): Draft {
  const [kind, where] = readyOf(ready);
  return {
    name,
    program,
    args: (args ?? []).join("\n"),
    ready: kind,
    where,
    health: health ?? "",
    token: token_env ?? "",
    speech: speech ?? false,
  };
}

function readyOf(ready: CommandReady): [ReadyKind, string] {
  if (ready === "json_line") return ["json_line", ""];
  return ready.log_line === undefined ? ["probe", ready.probe] : ["log_line", ready.log_line];
}

export function commandOf({ name, program, args, ready, where, health, token, speech }: Draft): WorkerCommand {
  const text = (value: string) => (value.trim() === "" ? null : value.trim());
  return {
    name: name.trim(),
    program: program.trim(),
    args: args === "" ? [] : args.split("\n"),
    ready: ready === "json_line" ? ready : ready === "probe" ? { probe: where.trim() } : { log_line: where },
    health: text(health),
    speech,
    token_env: text(token),
  };
}

/** `"name": field: sentence.` as the app writes it; a field of the process behind it may have parts, such as `health.path`. */
const REFUSAL = /"(?:\\.|[^"\\])*": (name|program|args|ready|health|token_env|secret)(?:\.[a-z]+)?: (.+?)\.?$/s;

/** The field that a refusal is about and its sentence, or undefined where it is about something else. */
export function refusalOf(problem: Problem): { field: DraftField; sentence: string } | undefined {
  const [, named, rest] = REFUSAL.exec(problem.message) ?? [];
  if (named === undefined || rest === undefined) return undefined;
  const field = named === "secret" ? "token_env" : (named as DraftField);
  return { field, sentence: `${rest.slice(0, 1).toUpperCase()}${rest.slice(1)}.` };
}
