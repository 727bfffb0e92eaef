// The Engines page: each worker in words, its breakers, its incidents, and what can be done with it.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { axisTop, hourBefore } from "../src/features/engines/scale";
import { actionsFor } from "../src/features/engines/states";
import type { WorkerView } from "../src/ipc/bindings";
import { speechWorker } from "./fake/sample";
import { expectAccessible, openWindow, refused } from "./window";

const card = (name: string) => screen.findByRole("article", { name });
const withWorker = (change: Partial<WorkerView>) =>
  openWindow("engines", {
    before: (app) => {
      app.snapshot.workers = [{ ...speechWorker, ...change }];
    },
  });

describe("a worker", () => {
  it("says its state, its health with the reason, and its numbers", async () => {
    openWindow("engines");
    const language = await card("SmolLM2 135M");
    expect(within(language).getByText("Working")).toBeInTheDocument();
    expect(within(language).getByText("Degraded")).toBeInTheDocument();
    expect(within(language).getByText(/the last request took 9 s/)).toBeInTheDocument();
    expect(within(language).getByText("Unstable")).toBeInTheDocument();
    expect(within(language).getByText("12 min")).toBeInTheDocument();
    expect(within(language).getByText("41377")).toBeInTheDocument();
  });

  it("in a state the window does not know is shown by that state's own name", async () => {
    withWorker({ state: "hibernating", health: "sleepy" });
    expect(await screen.findByText("Hibernating")).toBeInTheDocument();
    expect(screen.getByText("Sleepy")).toBeInTheDocument();
  });

  it("says why it rests and when it is tried again", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const { app } = withWorker({});
    await card("Speech engine");
    const workers = [
      {
        ...speechWorker,
        state: "crash_loop",
        detail: "It stopped seven times in a minute.",
        next_try_ms: Date.now() + 30_000,
        pid: null,
      },
    ];
    await app.publish({ workers });
    expect(await screen.findByText("Paused after repeated crashes")).toBeInTheDocument();
    expect(screen.getByText(/It stopped seven times in a minute\. Next try in 30 sec\./)).toBeInTheDocument();
  });

  it("shows where both breakers stand", async () => {
    withWorker({
      breaker: "open",
      next_try_ms: new Date(2026, 0, 5, 16, 42, 10).getTime(),
      requests: { state: "held", retry_at_ms: null },
    });
    expect(await screen.findByRole("img", { name: "Starts: Open" })).toBeInTheDocument();
    expect(screen.getByText(/until 4:42:10/)).toBeInTheDocument();
    const requests = screen.getByRole("img", { name: "Requests: Held" });
    expect(within(requests).getByText("Held")).toHaveAttribute("data-now");
    await expectAccessible();
  });

  it("whose usage cannot be told says so inside its card", async () => {
    openWindow("engines", { before: (app) => app.refuse("worker_usage", refused) });
    const speech = await card("Speech engine");
    expect(await within(speech).findByText(refused.message)).toBeInTheDocument();
    expect(within(speech).getByText("It crashed (SIGABRT) while it was working.")).toBeInTheDocument();
  });
});

describe("an incident", () => {
  it("opens to the last lines of both streams", async () => {
    const { user } = openWindow("engines");
    const speech = await card("Speech engine");
    await within(speech).findByText("It crashed (SIGABRT) while it was working.");
    expect(screen.queryByText(/GGML_ASSERT/)).toBeNull();
    await user.click(within(speech).getByRole("button", { name: "Last lines" }));
    expect(await within(speech).findByRole("group", { name: "Standard error" })).toHaveTextContent("GGML_ASSERT");
    expect(within(speech).getByRole("group", { name: "Standard output" })).toHaveTextContent("ready");
    await expectAccessible();
  });

  it("is asked for again when a worker changed, and older ones on demand", async () => {
    const { app, user } = openWindow("engines");
    const language = await card("SmolLM2 135M");
    const asked = () =>
      app.called("worker_log").filter(({ query }) => (query as { worker: string }).worker === "llama");
    await user.click(await within(language).findByRole("button", { name: "Show older" }));
    await waitFor(() => expect(asked().some(({ query }) => (query as { before: string | null }).before)).toBe(true));
    const before = asked().length;
    await app.publish({ workers: app.snapshot.workers.map((worker) => ({ ...worker, restarts: 9 })) });
    await waitFor(() => expect(asked().length).toBeGreaterThan(before));
  });

  it("that never happened is said too", async () => {
    openWindow("engines", {
      before: (app) => {
        app.log = [];
      },
    });
    expect(await within(await card("Speech engine")).findByText("Nothing went wrong.")).toBeInTheDocument();
  });
});

describe("the buttons", () => {
  it("restart at once what is idle, and ask where work would be interrupted", async () => {
    const { app, user } = openWindow("engines");
    await user.click(within(await card("Speech engine")).getByRole("button", { name: "Restart Speech engine" }));
    await waitFor(() => expect(app.called("worker_restart")).toEqual([{ name: "speech" }]));
    await user.click(screen.getByRole("button", { name: "Stop SmolLM2 135M" }));
    const dialog = await screen.findByRole("dialog", { name: "Stop SmolLM2 135M?" });
    expect(app.called("worker_stop")).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Stop" }));
    await waitFor(() => expect(app.called("worker_stop")).toEqual([{ name: "llama" }]));
  });

  it("reset a breaker that is not closed", async () => {
    const { app, user } = openWindow("engines");
    await user.click(await screen.findByRole("button", { name: "Reset breakers SmolLM2 135M" }));
    await waitFor(() => expect(app.called("worker_reset_breaker")).toEqual([{ name: "llama" }]));
    expect(screen.queryByRole("button", { name: "Reset breakers Speech engine" })).toBeNull();
  });

  it("start what is stopped", async () => {
    const { app, user } = withWorker({ state: "stopped", pid: null });
    await user.click(await screen.findByRole("button", { name: "Start Speech engine" }));
    await waitFor(() => expect(app.called("worker_start")).toEqual([{ name: "speech" }]));
  });

  it.each([
    ["ready", { start: false, stop: true, reset: false }],
    ["stopped", { start: true, stop: false, reset: false }],
    ["failed", { start: true, stop: false, reset: false }],
    ["crash_loop", { start: false, stop: true, reset: false }],
    ["backoff", { start: false, stop: true, reset: false }],
    ["no_model", { start: false, stop: false, reset: false }],
    ["hibernating", { start: false, stop: true, reset: false }],
  ])("offer in state %s what makes sense", (state, wanted) => {
    expect(actionsFor({ ...speechWorker, state })).toEqual(wanted);
  });
});

describe("the axes", () => {
  it("end at a round number above everything", () => {
    expect([0, 0.3, 1, 96, 190, 410e6].map((value) => axisTop([value]))).toEqual([1, 0.5, 2, 200, 200, 500e6]);
    expect(axisTop([])).toBe(1);
  });

  it("cover one hour, with a tick at each quarter", () => {
    const newest = Date.UTC(2026, 0, 5, 16, 40);
    const { from, ticks } = hourBefore(newest);
    expect(newest - from).toBe(3_600_000);
    expect(ticks.map((at) => new Date(at).getUTCMinutes())).toEqual([45, 0, 15, 30]);
  });
});
