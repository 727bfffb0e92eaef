// The Storage page: sizes, limits, backups and the way back to one of them.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { expectAccessible, openWindow, page } from "./window";

describe("what is kept", () => {
  it("is told in numbers with units", async () => {
    openWindow("storage");
    expect(await screen.findByText("12,481 utterances, 4.5 GB in all.")).toBeInTheDocument();
    expect(screen.getByText("3.1 GB")).toBeInTheDocument();
    expect(screen.getByText("74 MB")).toBeInTheDocument();
    for (const size of ["1.2 GB", "9 MB", "84.0 GB"]) expect(screen.getByText(size)).toBeInTheDocument();
    expect(screen.getByText("318,204 words in 1 day 13 hr of speech since Mar 2, 2025")).toBeInTheDocument();
  });

  it("is limited by settings, each sent as one patch inside its bounds", async () => {
    const { app, user } = openWindow("storage");
    const days = await screen.findByRole("textbox", { name: "Recordings" });
    await user.clear(days);
    await user.type(days, "99999999{Enter}");
    await waitFor(() =>
      expect(app.called("settings_patch")).toEqual([{ patch: { key: "storage.audio_days", value: 36_500 } }]),
    );
    await user.click(screen.getByRole("switch", { name: "Keep what was said" }));
    await waitFor(() =>
      expect(app.called("settings_patch").at(-1)).toEqual({ patch: { key: "storage.keep_text", value: false } }),
    );
    await user.click(screen.getByRole("switch", { name: "Encrypt recordings" }));
    await waitFor(() =>
      expect(app.called("settings_patch").at(-1)).toEqual({ patch: { key: "storage.encrypt_audio", value: true } }),
    );
  });
});

describe("a backup", () => {
  it("is made on demand and appears in the list", async () => {
    const { app, user } = openWindow("storage");
    await user.click(await screen.findByRole("button", { name: "Back up" }));
    await waitFor(() => expect(screen.getAllByRole("button", { name: /^Restore the backup of/ })).toHaveLength(5));
    expect(app.called("storage_back_up")).toHaveLength(1);
  });

  it("is restored only after a question that says what happens", async () => {
    const { app, user } = openWindow("storage");
    await page("Storage");
    await user.click((await screen.findAllByRole("button", { name: /^Restore the backup of/ }))[2] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByText(/What is there now is backed up first/)).toBeInTheDocument();
    await expectAccessible();
    expect(app.called("storage_restore")).toEqual([]);
    const read = app.called("settings_get").length;
    await user.click(within(dialog).getByRole("button", { name: "Restore" }));
    await waitFor(() => expect(app.called("storage_restore")).toEqual([{ name: "app-26.db" }]));
    await waitFor(() => expect(app.called("settings_get").length).toBeGreaterThan(read));
  });

  it("that there is none of is said", async () => {
    openWindow("storage", {
      before: (app) => {
        app.storage = { ...app.storage, backups: [] };
      },
    });
    expect(await screen.findByText("No backup yet")).toBeInTheDocument();
  });
});

describe("the database", () => {
  it("is checked, and what is wrong is listed", async () => {
    const { app, user } = openWindow("storage");
    await user.click(await screen.findByRole("button", { name: "Check" }));
    expect(await screen.findByText("All is well")).toBeInTheDocument();
    app.answers("storage_check", () => ({ findings: ["A page is torn."], mended: [] }));
    await user.click(screen.getByRole("button", { name: "Check" }));
    const wrong = within(await screen.findByRole("list", { name: "Something is wrong" }));
    expect(wrong.getByText("A page is torn.")).toBeInTheDocument();
    expect(screen.queryByText("All is well")).not.toBeInTheDocument();
    await expectAccessible();
  });

  it("is not called wrong for what was mended", async () => {
    const { app, user } = openWindow("storage");
    app.answers("storage_check", () => ({ findings: [], mended: ["The search was made anew."] }));
    await user.click(await screen.findByRole("button", { name: "Check" }));
    const mended = within(await screen.findByRole("list", { name: "Mended" }));
    expect(mended.getByText("The search was made anew.")).toBeInTheDocument();
    expect(screen.queryByText("Something is wrong")).not.toBeInTheDocument();
    await expectAccessible();
    const both = { findings: ["A page is torn."], mended: ["The search was made anew."] };
    app.answers("storage_check", () => both);
    await user.click(screen.getByRole("button", { name: "Check" }));
    const wrong = within(await screen.findByRole("list", { name: "Something is wrong" }));
    expect(wrong.queryByText("The search was made anew.")).not.toBeInTheDocument();
    expect(screen.getByRole("list", { name: "Mended" })).toBeInTheDocument();
  });

  it("is cleaned up now, and what went is counted", async () => {
    const { user } = openWindow("storage");
    await user.click(await screen.findByRole("button", { name: "Clean up" }));
    expect(await screen.findByText("13 things were removed.")).toBeInTheDocument();
  });

  it("is tidied up, and the sizes are read again", async () => {
    const { app, user } = openWindow("storage");
    await user.click(await screen.findByRole("button", { name: "Tidy up" }));
    await waitFor(() => expect(app.called("storage_view").length).toBeGreaterThan(1));
    expect(app.called("storage_vacuum")).toHaveLength(1);
  });
});
