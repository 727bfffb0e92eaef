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
  /** One `NAME=value` a line. */
  env: string;
  /** The next three: empty takes what is usual. */
  memory: string;
  grace: string;
  /** Exit codes, with commas between. */
  codes: string;
};

export type DraftField =
  | "name"
  | "program"
  | "args"
  | "ready"
  | "health"
  | "token_env"
  | "env"
  | "memory_ceiling_mb"
  | "stop_grace_s"
  | "do_not_retry";

export const EMPTY: Draft = {
  name: "",
  program: "",
  args: "",
  ready: "json_line",
  where: "",
  health: "",
  token: "",
  speech: false,
  env: "",
  memory: "",
  grace: "",
  codes: "",
};

export function draftOf(command: WorkerCommand): Draft {
  const { name, program, args, ready, health, token_env, speech } = command;
  const [kind, where] = readyOf(ready);
  const amount = (value: number | undefined) => (value ? String(value) : "");
  return {
    name,
    program,
    args: (args ?? []).join("\n"),
    ready: kind,
    where,
    health: health ?? "",
    token: token_env ?? "",
    speech: speech ?? false,
    env: (command.env ?? []).join("\n"),
    memory: amount(command.memory_ceiling_mb),
    grace: amount(command.stop_grace_s),
    codes: (command.do_not_retry ?? []).join(", "),
  };
}

function readyOf(ready: CommandReady): [ReadyKind, string] {
  if (ready === "json_line") return ["json_line", ""];
  return ready.log_line === undefined ? ["probe", ready.probe] : ["log_line", ready.log_line];
}

/** What is no number goes as it is: the app refuses it, and says how it is meant. */
const number = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : (text.trim() as unknown as number));

export function commandOf(draft: Draft): WorkerCommand {
  const { name, program, args, ready, where, health, token, speech } = draft;
  const amount = (value: string) => (value.trim() === "" ? 0 : number(value));
  const text = (value: string) => (value.trim() === "" ? null : value.trim());
  return {
    name: name.trim(),
    program: program.trim(),
    args: args === "" ? [] : args.split("\n"),
    ready: ready === "json_line" ? ready : ready === "probe" ? { probe: where.trim() } : { log_line: where },
    health: text(health),
    speech,
    token_env: text(token),
    env: draft.env.split("\n").filter((line) => line.trim() !== ""),
    memory_ceiling_mb: amount(draft.memory),
    stop_grace_s: amount(draft.grace),
    do_not_retry: draft.codes.trim() === "" ? null : draft.codes.split(",").map(number),
  };
}

/** `"name": field: sentence.` as the app writes it; a field of the process behind it may have parts, such as `health.path`. */
const REFUSAL =
  /"(?:\\.|[^"\\])*": (name|program|args|ready|health|token_env|secret|env|memory_ceiling_mb|stop_grace_s|do_not_retry)(?:\.[a-z]+)?: (.+?)\.?$/s;

/** The field that a refusal is about and its sentence, or undefined where it is about something else. */
export function refusalOf(problem: Problem): { field: DraftField; sentence: string } | undefined {
  const [, named, rest] = REFUSAL.exec(problem.message) ?? [];
  if (named === undefined || rest === undefined) return undefined;
  const field = named === "secret" ? "token_env" : (named as DraftField);
  return { field, sentence: `${rest.slice(0, 1).toUpperCase()}${rest.slice(1)}.` };
}
