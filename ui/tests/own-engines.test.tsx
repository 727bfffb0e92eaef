// The Engines page: the order of speech engines, and engines of the user's own.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { commandOf, draftOf, refusalOf } from "../src/features/engines/draft";
import { moved, without } from "../src/features/engines/order";
import type { Problem, WorkerCommand } from "../src/ipc/bindings";
import type { FakeApp } from "./fake/app";
import { expectAccessible, openWindow } from "./window";

const mine: WorkerCommand = {
  name: "mine",
  program: "/opt/mine/serve",
  args: ["--port", "0", "a b"],
  ready: { log_line: "Uvicorn running on http://" },
  health: "/health",
  speech: true,
  token_env: "MY_TOKEN",
  env: ["A=1", "B=x y"],
  memory_ceiling_mb: 900,
  stop_grace_s: 20,
  do_not_retry: [2, 7],
};

const refusal = (detail: string): Problem => ({
  code: "TT-SETTINGS-702",
  message: `The value does not fit the setting. workers.commands: ${detail}.`,
  advice: "`tonny settings list` shows each setting with its range.",
});

const withMine = (app: FakeApp) => {
  app.settings.workers.commands = [mine];
  app.settings.speech.engines = ["embedded", "mine"];
};

const patches = (app: FakeApp) => app.called("settings_patch").map(({ patch }) => patch);

describe("the order of engines", () => {
  it("is changed by arrows, and its ends cannot be passed", async () => {
    const { app, user } = openWindow("engines", { before: withMine });
    const order = within(await screen.findByRole("region", { name: "Order of speech engines" }));
    expect(order.getByRole("button", { name: "Move Built in up" })).toBeDisabled();
    expect(order.getByRole("button", { name: "Move Mine down" })).toBeDisabled();
    await user.click(order.getByRole("button", { name: "Move Mine up" }));
    await waitFor(() => expect(patches(app)).toEqual([{ key: "speech.engines", value: ["mine", "embedded"] }]));
    await waitFor(() => expect(order.getAllByRole("listitem")[0]).toHaveAccessibleName("Mine"));
    await user.click(order.getByRole("button", { name: "Remove Mine from the order" }));
    await waitFor(() => expect(patches(app)[1]).toEqual({ key: "speech.engines", value: ["embedded"] }));
    await waitFor(() => expect(order.getByRole("button", { name: /^Remove Built in/ })).toBeDisabled());
  });

  it("takes engines that are not in it, the user's own included", async () => {
    const { app, user } = openWindow("engines", {
      before: (fake) => {
        fake.settings.workers.commands = [mine, { ...mine, name: "other", speech: false }];
      },
    });
    await user.click(await screen.findByRole("combobox", { name: "Add an engine" }));
    const names = (await screen.findAllByRole("option", { hidden: true })).map((option) => option.textContent);
    expect(names).toEqual(["WhisperLiveKit", "Mine"]);
    await user.click(screen.getByRole("option", { name: "Mine", hidden: true }));
    await waitFor(() => expect(patches(app)).toEqual([{ key: "speech.engines", value: ["embedded", "mine"] }]));
  });
});

describe("an engine of one's own", () => {
  it("is described in a form, argument by argument", async () => {
    const { app, user } = openWindow("engines");
    await user.click(await screen.findByRole("button", { name: "Add" }));
    const form = within(await screen.findByRole("dialog", { name: "Add an engine" }));
    await user.type(form.getByLabelText("Name"), "mine");
    await user.type(form.getByLabelText("Program"), "/opt/mine");
    await user.type(form.getByLabelText("Arguments"), "--say{Enter}hello world");
    await user.click(form.getByRole("switch", { name: /^Turns speech into text/ }));
    await user.type(form.getByLabelText("Environment"), "OMP_NUM_THREADS=2{Enter}");
    await user.type(form.getByLabelText("Memory, MB"), "900");
    await user.type(form.getByLabelText("Exit codes that end it for good"), "2, 7");
    await expectAccessible();
    await user.click(form.getByRole("button", { name: "Save" }));
    const value = [
      {
        name: "mine",
        program: "/opt/mine",
        args: ["--say", "hello world"],
        ready: "json_line",
        health: null,
        speech: true,
        token_env: null,
        env: ["OMP_NUM_THREADS=2"],
        memory_ceiling_mb: 900,
        stop_grace_s: 0,
        do_not_retry: [2, 7],
      },
    ];
    await waitFor(() => expect(patches(app)).toEqual([{ key: "workers.commands", value }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(await screen.findByRole("button", { name: "Edit mine" })).toBeInTheDocument();
  });

  it("that is refused says so at the field, and what was typed stays", async () => {
    const { user } = openWindow("engines", {
      before: (app) => {
        withMine(app);
        app.refuse("settings_patch", refusal('"mine": program: /opt/mine/serve does not exist'));
      },
    });
    await user.click(await screen.findByRole("button", { name: "Edit mine" }));
    const form = within(await screen.findByRole("dialog", { name: "Edit mine" }));
    expect(form.getByLabelText("Name")).toHaveAttribute("readonly");
    expect(form.getByLabelText("The text before the address")).toHaveValue("Uvicorn running on http://");
    await user.click(form.getByRole("button", { name: "Save" }));
    const program = form.getByLabelText("Program");
    await waitFor(() => expect(program).toHaveAccessibleDescription(/\/opt\/mine\/serve does not exist\./));
    expect(program).toHaveAttribute("aria-invalid", "true");
    expect(program).toHaveValue("/opt/mine/serve");
    expect(form.queryByRole("alert")).toBeNull();
  });

  it("that is removed leaves the order first", async () => {
    const { app, user } = openWindow("engines", { before: withMine });
    await user.click(await screen.findByRole("button", { name: "Remove mine" }));
    const question = within(await screen.findByRole("dialog", { name: "Remove mine?" }));
    await user.click(question.getByRole("button", { name: "Remove" }));
    await waitFor(() =>
      expect(patches(app)).toEqual([
        { key: "speech.engines", value: ["embedded"] },
        { key: "workers.commands", value: [] },
      ]),
    );
    expect(await screen.findByText("No engine of your own")).toBeInTheDocument();
  });
});

describe("the form of a worker", () => {
  it("gives back what it was filled from", () => {
    const commands: WorkerCommand[] = [
      mine,
      {
        ...mine,
        ready: { probe: "127.0.0.1:9000" },
        args: [],
        health: null,
        token_env: null,
        speech: false,
        do_not_retry: null,
      },
      { ...mine, ready: "json_line" },
    ];
    for (const command of commands) expect(commandOf(draftOf(command))).toEqual(command);
  });

  it("finds the field of every kind of refusal", () => {
    const found = (detail: string) => refusalOf(refusal(detail));
    expect(found('"a\\"b": name: it is too long')).toEqual({ field: "name", sentence: "It is too long." });
    expect(found('"mine": health.path: it is no path')).toEqual({ field: "health", sentence: "It is no path." });
    expect(found('"mine": env: MY_KEY sounds like a secret')?.field).toBe("env");
    expect(found('"mine": stop_grace_s: it is 60 at most')).toEqual({
      field: "stop_grace_s",
      sentence: "It is 60 at most.",
    });
    expect(found('"mine": secret: "A=B" cannot be')?.field).toBe("token_env");
    expect(found("there are 9 workers, at most 8 are run")).toBeUndefined();
  });
});

it("an order is a new list after each change", () => {
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a"], 5, 1)).toEqual(["a"]);
  expect(without(["a", "b"], "a")).toEqual(["b"]);
  expect(without(["a"], "a")).toEqual(["embedded"]);
});

describe("programs and models", () => {
  it("are paths, and an empty one is where it was installed", async () => {
    const { app, user } = openWindow("engines", {
      before: (fake) => {
        fake.settings.speech.whisperlivekit_model = "/models/base";
      },
    });
    const section = within(await screen.findByRole("region", { name: "Programs and models" }));
    await user.type(section.getByLabelText("llama-server program"), "/opt/llama-server{Enter}");
    await waitFor(() => expect(patches(app)).toEqual([{ key: "workers.llama_program", value: "/opt/llama-server" }]));
    await user.clear(section.getByLabelText("WhisperLiveKit model"));
    await user.tab();
    await waitFor(() => expect(patches(app)[1]).toEqual({ key: "speech.whisperlivekit_model", value: null }));
    await user.click(section.getByRole("switch", { name: "Run the language model" }));
    await waitFor(() => expect(patches(app)[2]).toEqual({ key: "workers.llama", value: true }));
  });
});
