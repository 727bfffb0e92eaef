// The History page's other views and its export: what was done, how much was said, and the file it goes into.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { subjectOf } from "../src/features/history/activity";
import { barsOf } from "../src/features/history/bars";
import type { ExportWish, HistoryRow } from "../src/ipc/bindings";
import { isOlder, withHead, withRow } from "../src/ipc/history";
import { row } from "./fake/sample";
import { expectAccessible, openWindow, refused } from "./window";

type User = ReturnType<typeof openWindow>["user"];

async function view(user: User, name: string) {
  await user.click(await screen.findByRole("radio", { name }));
}

describe("the export", () => {
  async function exported(user: User, form: string) {
    await user.click(screen.getByRole("button", { name: "Export" }));
    await user.click(await screen.findByRole("menuitem", { name: form, hidden: true }));
  }

  it("saves what fits the search and the filters, says where, and shows the folder", async () => {
    const { app, user } = openWindow("history");
    await screen.findByRole("list");
    await user.type(screen.getByRole("searchbox"), "branch");
    await waitFor(() => expect(screen.getAllByText("branch", { selector: "mark" }).length).toBeGreaterThan(0));
    await user.click(screen.getByRole("button", { name: "State" }));
    await user.click(await screen.findByRole("menuitem", { name: "Inserted", hidden: true }));
    await waitFor(() => expect(screen.getByRole("button", { name: "State: Inserted" })).toBeInTheDocument());
    await exported(user, "Subtitles (SRT)");
    const wish = app.called("history_export")[0]?.wish as ExportWish;
    expect(wish).toMatchObject({ form: "srt", text: "branch", filter: { state: "delivered" } });
    expect(await screen.findByText(/entries saved as tonnytray-history-2026-11-21\.srt$/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show folder" }));
    await waitFor(() => expect(app.called("history_show_exports")).toHaveLength(1));
  });

  it("says why it could not", async () => {
    const { user } = openWindow("history", { before: (app) => app.refuse("history_export", refused) });
    await screen.findByRole("list");
    await exported(user, "CSV, as a table");
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
  });

  it("is not offered where there is nothing", async () => {
    openWindow("history", { entries: 0 });
    expect(await screen.findByRole("button", { name: "Export" })).toBeDisabled();
  });
});

describe("the activity", () => {
  it("lists what was done without the words, narrowed to one kind, and draws only what is seen", async () => {
    const { app, user } = openWindow("history", { entries: 400 });
    await view(user, "Activity");
    expect((await screen.findAllByText("Setting changed")).length).toBeGreaterThan(0);
    expect(screen.getAllByRole("listitem").length).toBeLessThan(60);
    expect(screen.getAllByText("dictation.tail_ms").length).toBeGreaterThan(0);
    expect(screen.getAllByText("TT-ENGINE-302").length).toBeGreaterThan(0);
    expect(screen.queryByText(/Thursday/)).toBeNull();
    await expectAccessible();
    await user.click(screen.getByRole("button", { name: "Kind" }));
    await user.click(await screen.findByRole("menuitem", { name: "Backup made", hidden: true }));
    await waitFor(() => expect(screen.queryByText("Setting changed")).toBeNull());
    expect(app.called("history_activity").at(-1)).toMatchObject({ query: { action: "backup.make" } });
  });

  it("says what will be there when nothing is", async () => {
    const { user } = openWindow("history", { entries: 0 });
    await view(user, "Activity");
    expect(await screen.findByText("Nothing done yet")).toBeInTheDocument();
  });

  it("that cannot be read says why", async () => {
    const { user } = openWindow("history", { before: (app) => app.refuse("history_activity", refused) });
    await view(user, "Activity");
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
  });

  it("names the thing, and no id that nobody knows", () => {
    const entry = { id: "1", at: "", profile: null, success: true, error_code: null };
    expect(subjectOf({ ...entry, action: "utterance.kept", subject: "u1", detail: null })).toBe("");
    expect(subjectOf({ ...entry, action: "history.export", subject: "csv", detail: "4" })).toBe("csv  ·  4");
  });
});

describe("the statistics", () => {
  it("count words, speed and what arrived, and ask for another span", async () => {
    const { app, user } = openWindow("history");
    await view(user, "Statistics");
    // The chart library is read when it is first asked for.
    expect(await screen.findByRole("img", { name: "Words per day" }, { timeout: 10_000 })).toBeInTheDocument();
    expect(screen.getByText("148")).toBeInTheDocument();
    expect(screen.getByText("96%")).toBeInTheDocument();
    const models = screen.getByRole("heading", { name: "Models" }).closest("section") as HTMLElement;
    expect(within(models).getByText("whisper-base")).toBeInTheDocument();
    await expectAccessible();
    await user.click(screen.getByRole("radio", { name: "12 months" }));
    expect(await screen.findByRole("img", { name: "Words per week" })).toBeInTheDocument();
    expect(app.called("history_statistics").at(-1)).toEqual({ query: { days: 365 } });
  });

  it("say when there is nothing to count", async () => {
    const { user } = openWindow("history", { entries: 0 });
    await view(user, "Statistics");
    expect(await screen.findByText("Nothing to count yet")).toBeInTheDocument();
  });

  it("put days together to weeks that end today", () => {
    const days = Array.from({ length: 100 }, (_, index) => ({
      date: `d${index}`,
      utterances: 1,
      words: index === 99 ? 5 : 1,
      minutes: 0.5,
    }));
    const { weekly, bars } = barsOf(days);
    expect([weekly, bars.length]).toEqual([true, 15]);
    expect(bars.at(-1)).toEqual({ date: "d93", words: 11, minutes: 3.5 });
    expect(bars[0]).toEqual({ date: "d0", words: 2, minutes: 1 });
    expect(barsOf(days.slice(0, 30)).bars).toHaveLength(30);
  });
});

describe("who spoke", () => {
  it("is a filter where somebody is known, and stands in the entry", async () => {
    const { app, user } = openWindow("history", {
      before: (fake) => {
        fake.history = fake.history.map((one, index) =>
          index % 3 === 0 ? { ...one, speaker: "Ada", profile: "work", confidence: 0.93 } : one,
        );
      },
    });
    await screen.findByRole("list");
    await user.click(screen.getByRole("button", { name: "Speaker" }));
    await user.click(await screen.findByRole("menuitem", { name: "Ada", hidden: true }));
    await waitFor(() =>
      expect(app.called("history_list").at(-1)).toMatchObject({ query: { filter: { speaker: "Ada", profile: null } } }),
    );
    await user.click((await screen.findAllByText(/^Let us meet on Thursday/))[0] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText("Ada")).toBeInTheDocument();
    expect(within(dialog).getByText("work")).toBeInTheDocument();
    expect(within(dialog).getByText("93%")).toBeInTheDocument();
  });

  it("is no filter where nobody is known", async () => {
    openWindow("history");
    await screen.findByRole("list");
    expect(screen.queryByRole("button", { name: "Speaker" })).toBeNull();
  });
});

describe("the order of rows", () => {
  const at = (id: string, started_at: string): HistoryRow => ({ ...row(0, new Date(0)), id, started_at });
  const data = (...pages: HistoryRow[][]) => ({
    pages: pages.map((rows) => ({ rows, next: "more", total: 9 })),
    pageParams: pages.map(() => null),
  });
  const ids = (of: { pages: { rows: HistoryRow[] }[] }) =>
    of.pages.map((page) => page.rows.map(({ id }) => id).join(""));

  it("is that of instants, whatever their text looks like, then of ids", () => {
    const [whole, half] = [at("b", "2026-11-21T10:00:00Z"), at("a", "2026-11-21T10:00:00.5Z")];
    expect([isOlder(whole, half), isOlder(half, whole)]).toEqual([true, false]);
    expect(isOlder(at("a", "2026-11-21T10:00:00Z"), at("b", "2026-11-21T10:00:00.000Z"))).toBe(true);
    expect(isOlder(whole, whole)).toBe(false);
  });

  it("stays the app's own in a search, which goes by entry and not by time", () => {
    // Imported last, spoken long ago: first in a search.
    const [old, b, c, d] = [
      at("o", "1999-01-01T00:00:00Z"),
      at("b", "2026-03-03T00:00:00Z"),
      at("c", "2026-01-01T00:00:00Z"),
      at("d", "2026-02-02T00:00:00Z"),
    ];
    const head = { rows: [old, b], next: "more", total: 4 };
    expect(ids(withHead(data([b, c], [d]), head))).toEqual(["obc", "d"]);
    expect(ids(withHead(data([c], [d]), head))).toEqual(["ob"]);
    expect(ids(withRow(data([b, d], [c]), old, "d"))).toEqual(["bdo", "c"]);
    expect(ids(withRow(data([b, d], [c]), old, ""))).toEqual(["obd", "c"]);
  });
});
