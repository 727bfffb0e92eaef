// The History page: searching while typing, opening an entry, deleting it and taking that back.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { expectAccessible, openWindow, refused } from "./window";

const FIRST = /^Let us meet on Thursday/;
const entries = () => within(screen.getByRole("list")).getAllByRole("button");

describe("the list", () => {
  it("draws only what is on the screen, and asks for more at the end", async () => {
    const { app } = openWindow("history", { entries: 400 });
    await screen.findByRole("list");
    expect(screen.getByText("400 entries")).toBeInTheDocument();
    expect(entries().length).toBeLessThan(40);
    expect(app.called("history_list")[0]).toEqual({ query: { text: "", before: null, limit: 50 } });
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
    await waitFor(() => expect(app.called("history_retry")).toEqual([{ id: "u0" }]));
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
