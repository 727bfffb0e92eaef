// The Speech page: microphone test, models and their downloads, the engine.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { events } from "../src/ipc/bindings";
import { speechWorker } from "./fake/sample";
import { openWindow, page } from "./window";

const card = (name: string) => screen.findByRole("article", { name });

describe("the microphone", () => {
  it("is open only while the test runs, and the level moves", async () => {
    const { app, user, unmount } = openWindow("speech");
    await user.click(await screen.findByRole("button", { name: "Test" }));
    await waitFor(() => expect(app.called("microphone_test")).toEqual([{ on: true }]));
    await events.levelChanged.emit({ level: 0.25 });
    await waitFor(() => expect(screen.getByRole("meter")).toHaveAttribute("aria-valuenow", "50"));
    unmount();
    await waitFor(() => expect(app.called("microphone_test")).toEqual([{ on: true }, { on: false }]));
  });

  it("that is unplugged stays chosen and says so", async () => {
    openWindow("speech", {
      before: (app) => {
        app.settings.microphone.device = "Desk microphone";
      },
    });
    await waitFor(() =>
      expect(screen.getByRole("combobox", { name: "Input" })).toHaveValue("Desk microphone (not connected)"),
    );
  });

  it("is chosen by id, and the default is null", async () => {
    const { app, user } = openWindow("speech");
    const input = await screen.findByRole("combobox", { name: "Input" });
    await waitFor(() => expect(input).toHaveValue("System default (Blue Yeti Analog Stereo)"));
    await user.click(input);
    await user.click(await screen.findByRole("option", { name: "Built-in Audio Analog Stereo", hidden: true }));
    await user.click(screen.getByRole("combobox", { name: "Input" }));
    await user.click(await screen.findByRole("option", { name: /System default/, hidden: true }));
    await waitFor(() =>
      expect(app.called("settings_patch").map(({ patch }) => patch)).toEqual([
        { key: "microphone.device", value: "alsa:internal" },
        { key: "microphone.device", value: null },
      ]),
    );
  });
});

describe("a model", () => {
  it("is installed, shows its progress and can be stopped", async () => {
    const { app, user } = openWindow("speech");
    await user.click(within(await card("Whisper base")).getByRole("button", { name: "Install Whisper base" }));
    await waitFor(() => expect(app.called("models_install")).toEqual([{ id: "whisper-base" }]));
    await app.publish({ install: { id: "whisper-base", stage: "Downloading", done: 61e6, total: 147.9e6 } });
    const base = await card("Whisper base");
    expect(await within(base).findByText("61 MB of 148 MB")).toBeInTheDocument();
    expect(within(base).getByRole("progressbar")).toHaveAttribute("aria-valuenow", expect.stringMatching(/^41/));
    await user.click(within(base).getByRole("button", { name: "Cancel download" }));
    await waitFor(() => expect(app.called("models_cancel_install")).toHaveLength(1));
  });

  it("waits while another one is being fetched", async () => {
    const { app, user } = openWindow("speech");
    await page("Speech");
    await app.publish({ install: { id: "whisper-base", stage: "Downloading", done: 0, total: 0 } });
    const other = within(await card("Whisper large v3 turbo")).getByRole("button");
    await waitFor(() => expect(other).toHaveAttribute("aria-disabled", "true"));
    await user.click(other);
    expect(app.called("models_install")).toEqual([]);
  });

  it("that is finished is asked for again", async () => {
    const { app } = openWindow("speech");
    await card("Whisper base");
    const asked = app.called("models_list").length;
    await app.publish({ install: { id: "whisper-base", stage: "Downloading", done: 1, total: 2 } });
    app.models = app.models.map((model) => ({ ...model, installed: true }));
    await app.publish({ install: null });
    await waitFor(async () =>
      expect(within(await card("Whisper base")).getByRole("button", { name: "Use Whisper base" })).toBeInTheDocument(),
    );
    expect(app.called("models_list").length).toBeGreaterThan(asked);
  });

  it("is chosen through the settings", async () => {
    const { app, user } = openWindow("speech");
    await user.click(within(await card("Parakeet TDT 0.6B v3")).getByRole("button", { name: /^Use/ }));
    await waitFor(async () =>
      expect(within(await card("Parakeet TDT 0.6B v3")).getByText("In use")).toBeInTheDocument(),
    );
    expect(app.called("settings_patch")).toEqual([{ patch: { key: "speech.model", value: "parakeet-tdt-0.6b-v3" } }]);
  });

  it("is removed only after a question", async () => {
    const { app, user } = openWindow("speech");
    await user.click(await screen.findByRole("button", { name: "Remove Whisper tiny (English)" }));
    const dialog = await screen.findByRole("dialog", { name: "Remove Whisper tiny (English)?" });
    expect(app.called("models_remove")).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(app.called("models_remove")).toEqual([{ id: "whisper-tiny.en" }]));
  });

  it("is imported by its path", async () => {
    const { app, user } = openWindow("speech");
    await user.type(await screen.findByRole("textbox", { name: "Import a model" }), "/models/base.gguf{Enter}");
    await waitFor(() => expect(app.called("models_import")).toEqual([{ path: "/models/base.gguf" }]));
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Import a model" })).toHaveValue(""));
  });
});

describe("the engine", () => {
  it("says how it is in words and is restarted", async () => {
    const { app, user } = openWindow("speech");
    await page("Speech");
    expect(await screen.findByText(/process 41250/)).toHaveTextContent("1 restart");
    await user.click(screen.getByRole("button", { name: "Restart Speech engine" }));
    await waitFor(() => expect(app.called("worker_restart")).toEqual([{ name: "speech" }]));
    const worker = { ...speechWorker, pid: null, restarts: 7, breaker: "open" };
    await app.publish({ workers: [{ ...worker, state: "crash_loop", detail: "The next try is in 30 seconds." }] });
    expect(await screen.findByText("Paused after repeated crashes")).toBeInTheDocument();
    expect(screen.getByText("The next try is in 30 seconds.")).toBeInTheDocument();
  });
});
