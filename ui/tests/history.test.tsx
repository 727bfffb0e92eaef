// The History page: searching while typing, opening an entry, deleting it and taking that back.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { groupedByDay } from "../src/features/history/days";
import { beginningOf } from "../src/features/history/filters";
import { outline, type Recording, readWav } from "../src/features/history/wav";
import type { HistoryQuery, HistoryRow } from "../src/ipc/bindings";
import { withHead, without, withRow } from "../src/ipc/history";
import { row, wav } from "./fake/sample";
import { expectAccessible, openWindow, refused } from "./window";

const FIRST = /^Let us meet on Thursday/;
const nothing = { since: null, until: null, profile: null, route: null, engine: null, state: null, speaker: null };
const entries = () => within(screen.getByRole("list")).getAllByRole("button");

describe("the list", () => {
  it("draws only what is on the screen, and asks for more at the end", async () => {
    const { app } = openWindow("history", { entries: 400 });
    await screen.findByRole("list");
    expect(screen.getByText("400 entries")).toBeInTheDocument();
    expect(entries().length).toBeLessThan(40);
    expect(app.called("history_list")[0]).toEqual({
      query: { text: "", before: null, limit: 100, filter: nothing },
    });
  });

  it("is read again when the history changed", async () => {
    const { app } = openWindow("history", { entries: 1 });
    await screen.findByText("1 entry");
    app.history = [{ ...(app.history[0] as (typeof app.history)[0]), id: "new", text: "A new one." }, ...app.history];
    await app.publish({ history_version: 2 });
    expect(await screen.findByText("A new one.")).toBeInTheDocument();
  });

  it("says in words what did not arrive", async () => {
    openWindow("history");
    expect((await screen.findAllByText("Kept, not inserted")).length).toBeGreaterThan(0);
    expect(screen.getAllByText("Not inserted").length).toBeGreaterThan(0);
  });

  it("is walked with the arrow keys", async () => {
    const { user } = openWindow("history");
    await screen.findByRole("list");
    entries()[0]?.focus();
    await user.keyboard("{ArrowDown}");
    expect(entries()[1]).toHaveFocus();
    await user.keyboard("{ArrowUp}");
    expect(entries()[0]).toHaveFocus();
  });
});

describe("the search", () => {
  it("asks once for a word typed in one go, and marks what it found", async () => {
    const { app, user } = openWindow("history");
    await screen.findByRole("list");
    await user.type(screen.getByRole("searchbox"), "branch");
    await waitFor(() => expect(screen.getAllByText("branch", { selector: "mark" }).length).toBeGreaterThan(0));
    const asked = app.called("history_list").map(({ query }) => (query as { text: string }).text);
    expect(asked).toEqual(["", "branch"]);
    await expectAccessible();
  });

  it("says when nothing matches, and is cleared in one click", async () => {
    const { user } = openWindow("history");
    await screen.findByRole("list");
    await user.type(screen.getByRole("searchbox"), "zeppelin");
    expect(await screen.findByText('Nothing you said contains "zeppelin".')).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Clear search" }));
    expect((await screen.findAllByText(FIRST)).length).toBeGreaterThan(0);
  });
});

describe("an entry", () => {
  async function opened(options?: Parameters<typeof openWindow>[1]) {
    const opening = openWindow("history", options);
    await opening.user.click((await screen.findAllByText(FIRST))[0] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    await within(dialog).findByText("Key released");
    return { ...opening, dialog };
  }

  it("opens with its text, its timings and what it was heard with", async () => {
    const { dialog } = await opened();
    expect(within(dialog).getByText("266 ms from release to text")).toBeInTheDocument();
    expect(within(dialog).getByText("3,446 ms")).toBeInTheDocument();
    expect(within(dialog).getByText("whisper-tiny.en")).toBeInTheDocument();
    await expectAccessible();
  });

  it("is copied and transcribed again", async () => {
    const { app, user, dialog } = await opened();
    await user.click(within(dialog).getByRole("button", { name: "Copy" }));
    await user.click(within(dialog).getByRole("button", { name: "Transcribe again" }));
    expect(await screen.findByText("Copied to the clipboard.")).toBeInTheDocument();
    await waitFor(() => expect(app.called("history_retry")).toEqual([{ id: "u0", model: null }]));
    expect(app.called("history_copy")).toEqual([{ id: "u0" }]);
  });

  it("without a recording cannot be transcribed again", async () => {
    const { app, user, dialog } = await opened({
      before: (fake) => {
        fake.history = fake.history.map((row) => ({ ...row, has_audio: false }));
      },
    });
    await user.click(within(dialog).getByRole("button", { name: "Transcribe again" }));
    expect(app.called("history_retry")).toEqual([]);
  });

  it("is deleted, and comes back with Undo", async () => {
    const { app, user, dialog } = await opened();
    await user.click(within(dialog).getByRole("button", { name: "Delete" }));
    expect(await screen.findByText("119 entries")).toBeInTheDocument();
    expect(app.called("history_delete")).toEqual([{ id: "u0" }]);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await screen.findByText("120 entries")).toBeInTheDocument();
    expect(app.called("history_restore")).toEqual([{ id: "u0" }]);
  });

  it("that could not be deleted is not offered back", async () => {
    const { user, dialog } = await opened({ before: (fake) => fake.refuse("history_delete", refused) });
    await user.click(within(dialog).getByRole("button", { name: "Delete" }));
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
    expect(screen.getByText("120 entries")).toBeInTheDocument();
  });
});

describe("the filters", () => {
  const asked = (app: { called: (command: string) => { query?: unknown }[] }) =>
    (app.called("history_list").at(-1) as { query: HistoryQuery }).query.filter;
  const choose = async (user: ReturnType<typeof openWindow>["user"], chip: string, option: string) => {
    await user.click(screen.getByRole("button", { name: chip }));
    await user.click(await screen.findByRole("menuitem", { name: option, hidden: true }));
  };

  it("narrow the list by state, engine and time, and are lifted one by one or together", async () => {
    const { app, user } = openWindow("history");
    await screen.findByRole("list");
    await choose(user, "State", "Cancelled");
    await waitFor(() => expect(entries()).toHaveLength(1));
    expect(screen.getByRole("button", { name: "State: Cancelled" })).toBeInTheDocument();
    await choose(user, "Engine", "Speech engine");
    await waitFor(() => expect(asked(app)).toMatchObject({ state: "cancelled", engine: "speech" }));
    await user.click(screen.getByRole("button", { name: "Any state" }));
    await waitFor(() => expect(asked(app)).toMatchObject({ state: null, engine: "speech" }));
    await choose(user, "Time", "Last 7 days");
    await waitFor(() => expect(asked(app)?.since).toBe(new Date(beginningOf("week", new Date())).toISOString()));
    await expectAccessible();
    await user.click(screen.getByRole("button", { name: "Clear filters" }));
    expect(screen.getByRole("button", { name: "Time" })).toBeInTheDocument();
  });

  it("say when nothing fits", async () => {
    const { user } = openWindow("history");
    await screen.findByRole("list");
    await choose(user, "Route", "Clipboard");
    expect(await screen.findByText("No entry fits the filters. Take one of them away.")).toBeInTheDocument();
  });

  it("reach back to the beginning of the user's own day", () => {
    const now = new Date(2026, 2, 3, 15, 20);
    expect(new Date(beginningOf("today", now))).toEqual(new Date(2026, 2, 3));
    expect(new Date(beginningOf("week", now))).toEqual(new Date(2026, 1, 25));
  });
});

describe("an entry that went differently", () => {
  it("is marked when it was found again after a crash", async () => {
    openWindow("history");
    expect(await screen.findByText("Recovered")).toBeInTheDocument();
  });

  it("is brought back when it was cancelled", async () => {
    const { app, user } = openWindow("history");
    await user.click(await screen.findByRole("button", { name: /Cancelled/ }));
    await user.click(await screen.findByRole("button", { name: "Bring back" }));
    await waitFor(() => expect(app.called("history_bring_back")).toEqual([{ id: "u5" }]));
  });

  it("is transcribed again with another model", async () => {
    const { app, user } = openWindow("history");
    await user.click((await screen.findAllByText(FIRST))[0] as HTMLElement);
    await user.click(await screen.findByRole("button", { name: "Transcribe with" }));
    await user.click(await screen.findByRole("menuitem", { name: "Parakeet TDT 0.6B v3", hidden: true }));
    await waitFor(() => expect(app.called("history_retry")).toEqual([{ id: "u0", model: "parakeet-tdt-0.6b-v3" }]));
  });
});

describe("the recording", () => {
  class FakeAudio {
    static starts: number[] = [];
    static closed = 0;
    currentTime = 0;
    destination = {};
    createBuffer = () => ({ copyToChannel: () => undefined });
    createBufferSource = () => ({
      connect: () => undefined,
      start: (_when: number, from: number) => FakeAudio.starts.push(from),
      stop: () => undefined,
      onended: null,
    });
    close = async () => {
      FakeAudio.closed += 1;
    };
  }

  it("plays, seeks, and falls silent when its entry is left", async () => {
    vi.stubGlobal("AudioContext", FakeAudio);
    const { user } = openWindow("history");
    await user.click((await screen.findAllByText(FIRST))[0] as HTMLElement);
    await user.click(await screen.findByRole("button", { name: "Play" }));
    expect(FakeAudio.starts).toEqual([0]);
    const position = screen.getByRole("slider", { name: "Position in the recording" });
    position.focus();
    await user.keyboard("{ArrowRight}{ArrowRight}");
    expect(FakeAudio.starts.length).toBeGreaterThan(1);
    expect(FakeAudio.starts.at(-1)).toBeGreaterThan(0);
    await user.click(screen.getByRole("button", { name: "Close" }));
    await waitFor(() => expect(FakeAudio.closed).toBe(FakeAudio.starts.length));
    vi.unstubAllGlobals();
  });

  it("that cannot be played says so", async () => {
    const { user } = openWindow("history", {
      before: (app) => app.answers("history_audio", () => new TextEncoder().encode("not a WAV").buffer),
    });
    await user.click((await screen.findAllByText(FIRST))[0] as HTMLElement);
    expect(await screen.findByText("The recording cannot be played.")).toBeInTheDocument();
  });

  it("is read from its bytes, whatever the header claims", () => {
    const recording = readWav(wav(1));
    expect([recording?.rate, recording?.samples.length]).toEqual([16_000, 16_000]);
    const unmended = wav(1);
    new DataView(unmended).setUint32(40, 0xff_ff_ff_ff, true);
    expect(readWav(unmended)?.samples.length).toBe(16_000);
    for (const broken of ["", "!", "RIFF0000WAVE", "x".repeat(60)])
      expect(readWav(new TextEncoder().encode(broken).buffer)).toBeUndefined();
    const peaks = outline(recording as Recording, 8);
    expect(peaks).toHaveLength(8);
    expect(Math.max(...peaks)).toBe(1);
  });
});

describe("a long list", () => {
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      row(from + index, new Date(Date.UTC(2026, 0, 9, 12) - (from + index) * 60_000)),
    );
  const page = (from: number, to: number) => ({ rows: rows(from, to), next: String(to), total: 9 });
  const pages = { pages: [page(2, 5), page(5, 8)], pageParams: [null, "5"] };
  const ids = (data: { pages: { rows: HistoryRow[] }[] }) => data.pages.flatMap((one) => one.rows.map(({ id }) => id));

  it("gets its newest rows renewed without losing the others", () => {
    expect(ids(withHead(pages, page(0, 3)))).toEqual(["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"]);
    expect(ids(withHead(pages, { ...page(3, 6), total: 8 }))).toEqual(["u3", "u4", "u5", "u6", "u7"]);
    expect(ids(withHead(pages, { rows: [], next: null, total: 0 }))).toEqual([]);
  });

  it("loses a row and gets it back at its place", () => {
    const [gone] = rows(5, 6) as [HistoryRow];
    const left = without(pages, "u5");
    expect(ids(left)).toEqual(["u2", "u3", "u4", "u6", "u7"]);
    expect(left.pages[0]?.total).toBe(8);
    expect(ids(withRow(left, gone))).toEqual(ids(pages));
    const [newest, oldest] = [rows(1, 2)[0] as HistoryRow, rows(8, 9)[0] as HistoryRow];
    expect(ids(withRow(withRow(pages, newest), oldest))).toEqual(["u1", ...ids(pages), "u8"]);
  });

  it("has one heading a day, also where a page ends in the middle of it", () => {
    const halves = [rows(0, 3), rows(3, 6)];
    expect(groupedByDay(halves).filter((item) => item.kind === "day")).toHaveLength(1);
    expect(groupedByDay(halves)).toEqual(groupedByDay([rows(0, 6)]));
  });
});
