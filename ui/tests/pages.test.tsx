// Every page in every state: filled, waiting, empty, refused; and nothing that a screen reader would stumble over.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { expectAccessible, openWindow, page, refused } from "./window";

const pages = [
  { id: "general", title: "General", data: "settings_get", filled: "Show the overlay while listening" },
  { id: "speech", title: "Speech", data: "models_list", filled: "Whisper base" },
  { id: "assistant", title: "Assistant", data: "provider_list", filled: "GPT-4o" },
  { id: "engines", title: "Engines", data: "app_snapshot", filled: "Unstable" },
  { id: "history", title: "History", data: "history_list", filled: "Today" },
  { id: "secrets", title: "Secrets", data: "secrets_list", filled: "ElevenLabs key" },
  { id: "privacy", title: "Privacy", data: "ledger_days", filled: "openrouter.ai" },
  { id: "storage", title: "Storage", data: "storage_view", filled: "words in" },
  { id: "logs", title: "Logs", data: "worker_log", filled: "Ready after 84 ms" },
  { id: "about", title: "About", data: "app_facts", filled: "MIT or Apache-2.0" },
];

describe.each(pages)("the page $title", ({ id, title, data, filled }) => {
  it("shows its content and is accessible", async () => {
    openWindow(id);
    await page(title);
    expect((await screen.findAllByText(filled, { exact: false })).length).toBeGreaterThan(0);
    expect(screen.queryByRole("alert")).toBeNull();
    await expectAccessible();
  });

  it("shows a skeleton while it waits", async () => {
    openWindow(id, { before: (app) => app.hang(data) });
    await page(title);
    const main = screen.getByRole("main");
    await waitFor(() => expect(main.querySelector("[aria-busy=true]")).not.toBeNull());
    expect(within(main).getByText("Loading")).toBeInTheDocument();
    await expectAccessible();
  });

  it("says what went wrong inside the page, and tries again", async () => {
    const { app, user } = openWindow(id, { before: (fake) => fake.refuse(data, refused) });
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent(refused.message);
    expect(alert).toHaveTextContent(refused.advice);
    expect(alert).toHaveTextContent(refused.code);
    expect(screen.getByRole("navigation", { name: "Pages" })).toBeInTheDocument();
    await expectAccessible();
    app.allow(data);
    await user.click(within(alert).getByRole("button", { name: "Try again" }));
    expect((await screen.findAllByText(filled, { exact: false })).length).toBeGreaterThan(0);
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

describe("what to do first", () => {
  it("is to choose a model, and leads there", async () => {
    const { user } = openWindow("general", {
      before: (app) => {
        app.snapshot.model.installed = false;
      },
    });
    await user.click(await screen.findByRole("button", { name: "Choose a model" }));
    await page("Speech");
  });

  it("is to speak, where the history is empty", async () => {
    openWindow("history", { entries: 0 });
    expect(await screen.findByText("Nothing said yet")).toBeInTheDocument();
    expect(screen.getByText(/Hold Ctrl\+Shift\+Space and speak/)).toBeInTheDocument();
    await expectAccessible();
  });

  it("is to import a model, where there are none to choose from", async () => {
    openWindow("speech", {
      before: (app) => {
        app.models = [];
        app.microphones = [];
        app.snapshot.workers = [];
      },
    });
    expect(await screen.findByText("No models to show")).toBeInTheDocument();
    expect(await screen.findByText(/No microphone found/)).toBeInTheDocument();
    await expectAccessible();
  });
});

describe("the shell", () => {
  it("goes where the tray asks", async () => {
    openWindow("general");
    await page("General");
    const { events } = await import("../src/ipc/bindings");
    await events.pageRequested.emit({ page: "history" });
    await page("History");
    expect(window.location.hash).toBe("#/history");
  });

  it("starts on the page its address names", async () => {
    openWindow("/about");
    await page("About");
  });

  it("opens the first page for a name it does not know", async () => {
    openWindow("nowhere");
    await page("General");
  });

  it("works by keyboard alone", async () => {
    const { user } = openWindow("general");
    await page("General");
    await user.tab();
    await user.tab();
    expect(screen.getByRole("button", { name: "Speech" })).toHaveFocus();
    await user.keyboard("{Enter}");
    await page("Speech");
  });

  it("follows the chosen language and theme", async () => {
    openWindow("general", {
      before: (app) => {
        app.settings.appearance = { theme: "dark", language: "de" };
      },
    });
    await page("Allgemein");
    expect(document.documentElement.lang).toBe("de");
    await waitFor(() => expect(document.documentElement.dataset.mantineColorScheme).toBe("dark"));
  });

  it("says in one word when something needs attention", async () => {
    const { app } = openWindow("about");
    await page("About");
    expect(await screen.findByText("Ready")).toBeInTheDocument();
    await app.publish({ hotkey_problem: refused });
    expect(await screen.findByText("Needs attention")).toBeInTheDocument();
  });
});
