// The one way from the window to the app: every command as a promise that either gives its value or throws a
// ProblemError. Nothing else in the window looks at the shape of a command's answer.
import { commands, type Problem } from "./bindings";

export type { Problem } from "./bindings";

/** A problem the app reported, thrown so that queries and error boundaries can carry it. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

type Answer<T> = { status: "ok"; data: T } | { status: "error"; error: Problem };

async function taken<T>(answer: Promise<Answer<T>>): Promise<T> {
  const result = await answer;
  if (result.status === "ok") return result.data;
  throw isProblem(result.error) ? new ProblemError(result.error) : new Error(String(result.error));
}

/** What never reached the app, such as a command that a window may not call, comes back as a bare text. */
function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && "advice" in error;
}

type Commands = typeof commands;
type Value<K extends keyof Commands> = Extract<Awaited<ReturnType<Commands[K]>>, { status: "ok" }>["data"];
type Client = { [K in keyof Commands]: (...args: Parameters<Commands[K]>) => Promise<Value<K>> };

/** The app's commands, each throwing a ProblemError where the app says no. */
export const client = Object.fromEntries(
  Object.entries(commands).map(([name, command]) => [
    name,
    (...args: never[]) => taken((command as (...given: never[]) => Promise<Answer<unknown>>)(...args)),
  ]),
) as Client;

/** The problem inside whatever was thrown, or undefined where the app itself said nothing. */
export function problemOf(error: unknown): Problem | undefined {
  return error instanceof ProblemError ? error.problem : undefined;
}
