// The General page: trying it out, recording a shortcut, changing settings.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { expectAccessible, openWindow, page, refused } from "./window";

const hold = () => screen.findByRole("button", { name: "Hold to speak" });

describe("the try-out", () => {
  it("listens while the button is held, and puts the cursor where the words will come", async () => {
    const { app, user } = openWindow("general");
    const button = await hold();
    await user.pointer({ target: button, keys: "[MouseLeft>]" });
    await waitFor(() => expect(app.called("dictation_press")).toHaveLength(1));
    expect(app.called("dictation_release")).toHaveLength(0);
    await user.pointer({ target: button, keys: "[/MouseLeft]" });
    await waitFor(() => expect(app.called("dictation_release")).toHaveLength(1));
    expect(screen.getByPlaceholderText("Your words appear here")).toHaveFocus();
  });

  it("works by keyboard, and a repeating key is one press", async () => {
    const { app } = openWindow("general");
    const button = await hold();
    button.focus();
    fireEvent.keyDown(button, { code: "Space" });
    fireEvent.keyDown(button, { code: "Space", repeat: true });
    fireEvent.keyUp(button, { code: "Space" });
    await waitFor(() => expect(app.called("dictation_release")).toHaveLength(1));
    expect(app.called("dictation_press")).toHaveLength(1);
  });

  it("lets go when the page is left with the button down", async () => {
    const { app, user } = openWindow("general");
    await user.pointer({ target: await hold(), keys: "[MouseLeft>]" });
    const { events } = await import("../src/ipc/bindings");
    await events.pageRequested.emit({ page: "about" });
    await page("About");
    await waitFor(() => expect(app.called("dictation_release")).toHaveLength(1));
  });

  it("shows the words as they come, and Escape cancels", async () => {
    const { app, user } = openWindow("general");
    await hold();
    await app.publish({
      state: "recording",
      live: { committed: "Let us meet", tentative: "on Thursday", elapsed_ms: 4000 },
    });
    expect(await screen.findByText(/Let us meet/)).toBeInTheDocument();
    expect(screen.getByText("on Thursday")).toBeInTheDocument();
    expect(screen.getByText(/ 4 s/)).toBeInTheDocument();
    await expectAccessible();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(app.called("dictation_cancel")).toHaveLength(1));
  });
});

describe("the shortcut", () => {
  it("is recorded from the keys pressed", async () => {
    const { app, user } = openWindow("general");
    await user.click(await screen.findByRole("button", { name: "Change shortcut: Dictate" }));
    const field = screen.getByRole("textbox", { name: "Press the new keys" });
    expect(field).toHaveFocus();
    fireEvent.keyDown(field, { code: "KeyD", key: "d" });
    expect(screen.getByText(/Add Ctrl, Alt or Super/)).toBeInTheDocument();
    fireEvent.keyDown(field, { code: "KeyD", key: "d", ctrlKey: true, altKey: true });
    await waitFor(() =>
      expect(app.called("settings_patch")).toEqual([{ patch: { key: "hotkeys.dictate", value: "Ctrl+Alt+D" } }]),
    );
    await waitFor(() => expect(screen.getAllByRole("img", { name: "Ctrl Alt D" }).length).toBe(2));
  });

  it("for the assistant is recorded, cleared, and set again", async () => {
    const { app, user } = openWindow("general");
    const patches = () => app.called("settings_patch").map(({ patch }) => patch);
    await user.click(await screen.findByRole("button", { name: "Change shortcut: Ask the assistant" }));
    const field = () => screen.getByRole("textbox", { name: "Press the new keys" });
    fireEvent.keyDown(field(), { code: "KeyA", key: "a", ctrlKey: true, altKey: true });
    await waitFor(() => expect(patches()).toEqual([{ key: "hotkeys.assistant", value: "Ctrl+Alt+A" }]));
    await user.click(await screen.findByRole("button", { name: "Clear: Ask the assistant" }));
    await waitFor(() => expect(patches().at(-1)).toEqual({ key: "hotkeys.assistant", value: null }));
    expect(await screen.findByText("None")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /^Clear: / })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Set shortcut: Ask the assistant" }));
    fireEvent.keyDown(field(), { code: "F9", key: "F9" });
    await waitFor(() => expect(patches().at(-1)).toEqual({ key: "hotkeys.assistant", value: "F9" }));
  });

  it("of the one is not taken for the other, and the conflict is named", async () => {
    const { app, user } = openWindow("general", {
      before: (fake) => {
        fake.settings.hotkeys.assistant = "shift+ctrl+j";
      },
    });
    await user.click(await screen.findByRole("button", { name: "Change shortcut: Dictate" }));
    const field = screen.getByRole("textbox", { name: "Press the new keys" });
    fireEvent.keyDown(field, { code: "KeyJ", key: "j", ctrlKey: true, shiftKey: true });
    expect(await screen.findByText("These keys belong to: Ask the assistant. Press others.")).toBeInTheDocument();
    expect(field).toHaveFocus();
    await expectAccessible();
    fireEvent.keyDown(field, { code: "KeyK", key: "k", ctrlKey: true, shiftKey: true });
    await waitFor(() =>
      expect(app.called("settings_patch")).toEqual([{ patch: { key: "hotkeys.dictate", value: "Ctrl+Shift+K" } }]),
    );
  });

  it("says when another program has it", async () => {
    openWindow("general", {
      before: (app) => {
        app.snapshot.hotkey_problem = { ...refused, code: "TT-HOTKEY-501" };
      },
    });
    expect(await screen.findByText("TT-HOTKEY-501")).toBeInTheDocument();
  });

  it("says that it is paused, and where it is resumed", async () => {
    const { app } = openWindow("general");
    expect(await screen.findByText(/Hold to speak\. A short tap/)).toBeInTheDocument();
    await app.publish({ hotkeys_paused: true });
    expect(await screen.findByText(/Hotkeys are paused/)).toBeInTheDocument();
  });
});

describe("what went wrong last", () => {
  it("is said on the page until it is dismissed", async () => {
    const { app, user } = openWindow("general", {
      before: (fake) => {
        fake.snapshot.problem = refused;
      },
    });
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Dismiss" }));
    await waitFor(() => expect(screen.queryByText(refused.message)).toBeNull());
    expect(app.called("app_dismiss")).toHaveLength(1);
  });
});

describe("a setting", () => {
  it("changes at once and is sent as one patch", async () => {
    const { app, user } = openWindow("general");
    const overlay = await screen.findByRole("switch", { name: "Show the overlay while listening" });
    await user.click(overlay);
    await waitFor(() => expect(overlay).not.toBeChecked());
    expect(app.called("settings_patch")).toEqual([{ patch: { key: "overlay.enabled", value: false } }]);
  });

  it("silences the notifications of the desktop", async () => {
    const { app, user } = openWindow("general");
    await user.click(await screen.findByRole("switch", { name: "Tell me about trouble" }));
    expect(app.called("settings_patch")).toEqual([{ patch: { key: "notifications.enabled", value: false } }]);
  });

  it("goes back and says why when the app refuses", async () => {
    const { user } = openWindow("general", { before: (app) => app.refuse("settings_patch", refused) });
    const overlay = await screen.findByRole("switch", { name: "Show the overlay while listening" });
    await user.click(overlay);
    const alert = await screen.findByRole("alert");
    expect(within(alert).getByText(refused.message)).toBeInTheDocument();
    await waitFor(() => expect(overlay).toBeChecked());
    await expectAccessible();
  });

  it("of milliseconds is taken over on leaving the field, inside its range", async () => {
    const { app, user } = openWindow("general");
    const tap = await screen.findByRole("textbox", { name: "Counts as a tap" });
    await user.clear(tap);
    await user.type(tap, "5000");
    expect(app.called("settings_patch")).toEqual([]);
    await user.tab();
    await waitFor(() =>
      expect(app.called("settings_patch")).toEqual([{ patch: { key: "dictation.tap_ms", value: 1000 } }]),
    );
  });

  it("is reset with all others only after a question", async () => {
    const { app, user } = openWindow("general");
    await user.click(await screen.findByRole("button", { name: "Reset all settings" }));
    const dialog = await screen.findByRole("dialog");
    await expectAccessible();
    expect(app.called("settings_reset")).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Reset all settings" }));
    await waitFor(() => expect(app.called("settings_reset")).toEqual([{ key: null }]));
  });
});
