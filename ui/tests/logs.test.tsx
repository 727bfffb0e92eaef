// The Logs page: filtering, following, copying, reading one row.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { asText } from "../src/features/logs/lines";
import type { LogRow } from "../src/ipc/workers";
import { log } from "./fake/sample";
import { expectAccessible, openWindow } from "./window";

const rows = () => within(screen.getByRole("list")).getAllByRole("button");
const opened = async (options?: Parameters<typeof openWindow>[1]) => {
  const opening = openWindow("logs", options);
  await screen.findByRole("list");
  return opening;
};
type Query = { worker: string | null; level: string | null; text: string; before: string | null; limit: number };
const lastQuery = (app: { called: (command: string) => { query?: unknown }[] }) =>
  app.called("worker_log").at(-1)?.query as Query;

describe("the log", () => {
  it("draws only what is on the screen, of two thousand rows", async () => {
    await opened({ entries: 400 });
    expect(rows().length).toBeLessThan(60);
  });

  it("is filtered by engine, level and words", async () => {
    const { app, user } = await opened();
    await user.click(screen.getByRole("combobox", { name: "Engine" }));
    await user.click(await screen.findByRole("option", { name: "SmolLM2 135M", hidden: true }));
    await waitFor(() => expect(lastQuery(app).worker).toBe("llama"));
    await user.click(screen.getByRole("radio", { name: "Warnings" }));
    await waitFor(() => expect(lastQuery(app).level).toBe("warn"));
    await user.type(screen.getByRole("searchbox"), "probes");
    await waitFor(() => expect(rows()[0]).toHaveTextContent("It did not answer three probes"));
    await user.type(screen.getByRole("searchbox"), "zeppelin");
    expect(await screen.findByText("No matches")).toBeInTheDocument();
    await expectAccessible();
  });

  it("shows new rows by itself while it follows, and stands still when it does not", async () => {
    const { app, user } = await opened();
    const fresh = (text: string): LogRow => ({ ...(app.log[0] as LogRow), id: 2_000_000 + text.length, text });
    app.log = [fresh("A first new line"), ...app.log];
    expect(await screen.findByText("A first new line", {}, { timeout: 4000 })).toBeInTheDocument();
    const follow = screen.getByRole("switch", { name: "Follow" });
    await user.click(follow);
    app.log = [fresh("A second new line"), ...app.log];
    const asked = app.called("worker_log").length;
    // Longer than the window waits between two looks while following.
    await expect(
      waitFor(() => expect(app.called("worker_log").length).toBeGreaterThan(asked), { timeout: 1600 }),
    ).rejects.toThrow();
    await user.click(follow);
    expect(await screen.findByText("A second new line")).toBeInTheDocument();
  });

  it("stops following when it is scrolled away from the newest row", async () => {
    await opened();
    const frame = screen.getByRole("list").parentElement as HTMLElement;
    frame.scrollTop = 400;
    fireEvent.scroll(frame);
    await waitFor(() => expect(screen.getByRole("switch", { name: "Follow" })).not.toBeChecked());
  });

  it("is copied as text, oldest first", async () => {
    const { user } = await opened({ entries: 4 });
    await user.click(screen.getByRole("button", { name: "Copy" }));
    const text = await navigator.clipboard.readText();
    expect(text.split("\n").at(-1)).toContain("speech#2 whisper_init_from_file");
    expect(text).toContain("    stderr: GGML_ASSERT");
  });

  it("is empty until an engine says something", async () => {
    openWindow("logs", { entries: 0 });
    expect(await screen.findByText("Nothing logged yet")).toBeInTheDocument();
    await expectAccessible();
  });
});

describe("the app's own log", () => {
  const ofTheApp = async (options?: Parameters<typeof openWindow>[1]) => {
    const opening = await opened(options);
    await opening.user.click(screen.getByRole("combobox", { name: "Engine" }));
    await opening.user.click(await screen.findByRole("option", { name: "TonnyTray", hidden: true }));
    expect(await screen.findAllByText(/worker ended/)).not.toHaveLength(0);
    return opening;
  };

  it("is a source of its own, narrowed by level and words where it is kept", async () => {
    const { app, user } = await ofTheApp();
    await user.click(screen.getByRole("radio", { name: "Warnings" }));
    await waitFor(() => expect(rows()[0]).toHaveTextContent("the speech engine failed an utterance"));
    await user.type(screen.getByRole("searchbox"), "zeppelin");
    expect(await screen.findByText("No matches")).toBeInTheDocument();
    const query = app.called("log_list").at(-1)?.query;
    expect(query).toEqual({ level: "warn", text: "zeppelin", before: null, limit: 200 });
    await expectAccessible();
  });

  it("follows, and a row opens without a run", async () => {
    const { app, user } = await ofTheApp();
    const newest = app.appLog[0] as (typeof app.appLog)[0];
    app.appLog = [{ ...newest, id: newest.id + 1, text: "a fresh line" }, ...app.appLog];
    await user.click(await screen.findByRole("button", { name: /a fresh line/ }, { timeout: 4000 }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByText(/^App · tonny_supervisor::run$/)).toBeInTheDocument();
  });

  it("is written down from the level on that is chosen here", async () => {
    const { app, user } = await ofTheApp();
    await user.click(screen.getByRole("combobox", { name: "Write down" }));
    await user.click(await screen.findByRole("option", { name: "Details", hidden: true }));
    await user.click(screen.getByRole("combobox", { name: "Files as" }));
    await user.click(await screen.findByRole("option", { name: "JSON", hidden: true }));
    await waitFor(() =>
      expect(app.called("settings_patch")).toEqual([
        { patch: { key: "logging.level", value: "debug" } },
        { patch: { key: "logging.format", value: "json" } },
      ]),
    );
    await expectAccessible();
  });
});

describe("a row", () => {
  it("opens to its whole text, an incident with its streams", async () => {
    const { user } = await opened();
    await user.click(screen.getByRole("button", { name: /It crashed/ }));
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText(/GGML_ASSERT/)).toBeInTheDocument();
    expect(within(dialog).getByText(/Incident.*speech.*run 2/)).toBeInTheDocument();
    await expectAccessible();
  });

  it("is one line of text, with its streams below", () => {
    const row = { ...(log(1, 0)[0] as LogRow), stdout_tail: "a\nb\n" };
    expect(asText([row])).toMatch(/^1970-01-01T00:00:00\.000Z INFO speech#2 .*\n {4}stdout: a\n {4}stdout: b$/);
  });
});
