// The Assistant page of the settings: the order of models, providers and their tests, limits, clean-up.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { factsOf, isModelId, ordered, withProvider } from "../src/features/assistant/settings/order";
import { en } from "../src/locales/en";
import type { Formats } from "../src/locales/locale";
import { models } from "./fake/talk";
import { expectAccessible, openWindow, refused } from "./window";

const patches = (app: ReturnType<typeof openWindow>["app"]) => app.called("settings_patch").map(({ patch }) => patch);
const modelRow = (name: string) => screen.findByRole("listitem", { name });

describe("a model of the order", () => {
  it("says what it costs, how much it holds, and why it cannot be asked", async () => {
    openWindow("assistant");
    const claude = await modelRow("Claude Sonnet");
    expect(within(claude).getByText("There is no key for Anthropic.")).toBeInTheDocument();
    expect(within(claude).getByText("Not asked now")).toBeInTheDocument();
    expect(within(claude).getByText(/Anthropic\s+·\s+200K tokens\s+·\s+\$3\.00 in, \$15\.00 out/)).toBeInTheDocument();
    const unknown = await modelRow("Unknown 8B");
    expect(within(unknown).getByText(/window unknown\s+·\s+price unknown/)).toBeInTheDocument();
    expect(within(await modelRow("SmolLM2 135M")).getByText(/On this machine.*free/)).toBeInTheDocument();
  });

  it("of a provider that nobody knows is named, and said to be unknown", async () => {
    openWindow("assistant", {
      before: (app) => {
        app.settings.assistant.models = ["nobody/at-all"];
      },
    });
    const row = await modelRow("nobody/at-all");
    expect(await within(row).findByText("TonnyTray knows no provider of this name.")).toBeInTheDocument();
  });

  it("moves by keyboard and keeps the focus, even at the end of the list", async () => {
    const { app, user } = openWindow("assistant");
    await modelRow("GPT-4o");
    const down = screen.getByRole("button", { name: "Move GPT-4o down" });
    down.focus();
    await user.keyboard("{Enter}");
    const order = ["anthropic/claude-sonnet", "openai/gpt-4o", "openrouter/unknown-8b", "local/smollm2"];
    await waitFor(() => expect(patches(app)).toEqual([{ key: "assistant.models", value: order }]));
    await waitFor(() => expect(screen.getByRole("button", { name: "Move GPT-4o down" })).toHaveFocus());
    expect(screen.getByText("GPT-4o is now number 2 of 4.")).toHaveAttribute("role", "status");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(screen.getByText("GPT-4o is now number 3 of 4.")).toBeInTheDocument());
    await waitFor(() => expect(screen.getByRole("button", { name: "Move GPT-4o down" })).toHaveFocus());
    await user.keyboard("{Enter}");
    await waitFor(() => expect(screen.getByRole("button", { name: "Move GPT-4o down" })).toBeDisabled());
    expect(screen.getByRole("button", { name: "Move GPT-4o up" })).toHaveFocus();
  });

  it("goes back to its place when the app refuses", async () => {
    const { user } = openWindow("assistant", { before: (app) => app.refuse("settings_patch", refused) });
    await user.click(await screen.findByRole("button", { name: "Move GPT-4o down" }));
    expect(await screen.findByRole("alert")).toHaveTextContent(refused.message);
    const names = screen.getAllByRole("listitem").map((row) => row.getAttribute("aria-label"));
    expect(names.slice(0, 2)).toEqual(["GPT-4o", "Claude Sonnet"]);
  });

  it("is removed, and comes back by undo", async () => {
    const { app, user } = openWindow("assistant");
    await user.click(await screen.findByRole("button", { name: "Remove Claude Sonnet" }));
    await waitFor(() => expect(screen.queryByRole("listitem", { name: "Claude Sonnet" })).toBeNull());
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    await modelRow("Claude Sonnet");
    expect(app.settings.assistant.models[1]).toBe("anthropic/claude-sonnet");
  });

  it("has a price and a window that the user may put right, and back", async () => {
    const { app, user } = openWindow("assistant");
    const name = "Price and window of Unknown 8B";
    await user.click(await screen.findByRole("button", { name }));
    const form = screen.getByRole("form", { name });
    const save = within(form).getByRole("button", { name: "Save" });
    await user.type(within(form).getByLabelText("Reading, per million tokens"), "0.5");
    expect(save).toBeDisabled();
    await user.type(within(form).getByLabelText("Writing, per million tokens"), "2");
    await expectAccessible();
    await user.click(save);
    const edit = { model: "openrouter/unknown-8b", input: 0.5, output: 2, window: null };
    await waitFor(() => expect(app.settings.assistant.model_edits).toEqual([edit]));
    await waitFor(() => expect(screen.queryByRole("form", { name })).toBeNull());
    await user.click(screen.getByRole("button", { name }));
    await user.click(screen.getByRole("button", { name: "As it is known" }));
    await waitFor(() => expect(app.settings.assistant.model_edits).toEqual([]));
    // What runs here costs nothing, and its window is set by the program.
    expect(screen.queryByRole("button", { name: "Price and window of SmolLM2 135M" })).toBeNull();
  });

  it("is missing where there is none, and that is said", async () => {
    openWindow("assistant", {
      before: (app) => {
        app.settings.assistant.models = [];
        app.privacy.providers = [];
      },
    });
    expect(await screen.findByText("No model to ask")).toBeInTheDocument();
    expect(screen.getByText("No providers")).toBeInTheDocument();
    await expectAccessible();
  });
});

describe("adding a model", () => {
  const open = async () => {
    const opened = openWindow("assistant");
    await opened.user.click(await screen.findByRole("button", { name: "Add a model" }));
    return { ...opened, form: await screen.findByRole("form", { name: "Add a model" }) };
  };

  it("by hand takes provider/model only, and nobody twice", async () => {
    const { app, user, form } = await open();
    const field = within(form).getByRole("combobox", { name: "Model" });
    const add = within(form).getByRole("button", { name: "Add" });
    await user.type(field, "gpt 4o{Enter}");
    expect(within(form).getByText("Write it as provider/model.")).toBeInTheDocument();
    expect(add).toBeDisabled();
    await user.clear(field);
    await user.type(field, "openai/gpt-4o{Enter}");
    expect(within(form).getByText("This model is in the order already.")).toBeInTheDocument();
    expect(patches(app)).toEqual([]);
    await expectAccessible();
    await user.clear(field);
    await user.type(field, "openrouter/meta/llama-3{Enter}");
    await waitFor(() => expect(screen.queryByRole("form")).toBeNull());
    expect(screen.getByRole("button", { name: "Add a model" })).toHaveFocus();
    expect(app.settings.assistant.models.at(-1)).toBe("openrouter/meta/llama-3");
  });

  it("from a provider's list asks the provider only on demand", async () => {
    const { app, user, form } = await open();
    expect(within(form).getByRole("button", { name: "Show its models" })).toBeDisabled();
    await user.click(within(form).getByRole("combobox", { name: "Provider" }));
    await user.click(await screen.findByRole("option", { name: "OpenAI", hidden: true }));
    expect(app.called("provider_test")).toEqual([]);
    await user.click(within(form).getByRole("button", { name: "Show its models" }));
    expect(await within(form).findByText("10 models are offered below.")).toBeInTheDocument();
    const field = within(form).getByRole("combobox", { name: "Model" });
    expect(field).toHaveValue("openai/");
    await user.click(field);
    await user.click(await screen.findByRole("option", { name: "openai/gpt-4.1-nano", hidden: true }));
    await user.click(within(form).getByRole("button", { name: "Add" }));
    await waitFor(() => expect(app.settings.assistant.models).toContain("openai/gpt-4.1-nano"));
    expect(app.called("provider_test")).toEqual([{ id: "openai" }]);
  });

  it("that the app refuses says why in the form", async () => {
    const { app, user, form } = await open();
    app.refuse("settings_patch", refused);
    await user.type(within(form).getByRole("combobox", { name: "Model" }), "openrouter/x{Enter}");
    expect(await within(form).findByText(refused.message)).toBeInTheDocument();
    expect(screen.getAllByRole("alert")).toHaveLength(1);
  });
});

describe("limits and instructions", () => {
  it("are sent inside their range", async () => {
    const { app, user } = openWindow("assistant");
    const day = await screen.findByRole("textbox", { name: "Budget of a day" });
    await user.clear(day);
    await user.type(day, "250{Enter}");
    const longest = screen.getByRole("textbox", { name: "Longest answer" });
    await user.clear(longest);
    await user.type(longest, "3{Enter}");
    await waitFor(() =>
      expect(patches(app)).toEqual([
        { key: "assistant.day_cents", value: 250 },
        { key: "assistant.longest_answer", value: 16 },
      ]),
    );
  });

  it("of every conversation are written in the library that the assistant's window has", async () => {
    const { app, user } = openWindow("assistant");
    expect(await screen.findByText(/For every conversation: Answer briefly/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Manage" }));
    const dialog = await screen.findByRole("dialog", { name: "System prompts" });
    await user.click(within(dialog).getByRole("button", { name: "Edit Default prompt" }));
    await user.clear(await within(dialog).findByRole("textbox", { name: "Default prompt" }));
    await user.click(within(dialog).getByRole("button", { name: "Save" }));
    await waitFor(() => expect(patches(app)).toEqual([{ key: "assistant.system", value: null }]));
    expect(await screen.findByText("No instructions for every conversation yet.")).toBeInTheDocument();
  });
});

describe("the clean-up of dictation", () => {
  it("says that the raw text is kept, and is set field by field", async () => {
    const { app, user } = openWindow("assistant");
    expect(await screen.findByText(/raw text is always kept/)).toBeInTheDocument();
    await user.click(screen.getByRole("switch", { name: "Clean up dictated words" }));
    await user.click(screen.getByRole("combobox", { name: "Model" }));
    await user.click(await screen.findByRole("option", { name: "SmolLM2 135M", hidden: true }));
    await user.click(screen.getByRole("combobox", { name: "Tone" }));
    await user.click(await screen.findByRole("option", { name: "Formal", hidden: true }));
    const words = screen.getByRole("textbox", { name: "Your own words on how" });
    await user.type(words, "Keep dialect.");
    await user.tab();
    await waitFor(() =>
      expect(patches(app)).toEqual([
        { key: "clean_up.enabled", value: true },
        { key: "clean_up.model", value: "local/smollm2" },
        { key: "clean_up.tone", value: "formal" },
        { key: "clean_up.prompt", value: "Keep dialect." },
      ]),
    );
    // Own words go before a tone.
    await waitFor(() => expect(screen.queryByRole("combobox", { name: "Tone" })).toBeNull());
    await user.clear(words);
    await user.tab();
    await waitFor(() => expect(app.settings.clean_up.prompt).toBeNull());
    expect(await screen.findByRole("combobox", { name: "Tone" })).toHaveValue("Formal");
  });
});

describe("an order", () => {
  const plain = {
    dollars: (n: number) => `$${n}`,
    rounded: (n: number) => `${n}`,
    day: (at: Date) => `${at.getDate()}/${at.getMonth() + 1}`,
  } as Partial<Formats> as Formats;

  it("names what is known and keeps what is not", () => {
    expect(ordered(["x/y", "openai/gpt-4o"], models).map(({ name }) => name)).toEqual(["x/y", "GPT-4o"]);
  });

  it("says when one goes, and that its provider does not list it", () => {
    const remote = models[1] as (typeof models)[0];
    expect(factsOf({ ...remote, retires: "2026-12-01", is_listed: false }, en, plain)).toMatch(
      /retires\son\s1\/12.*not\sin\sits\sprovider's\slist/,
    );
    expect(factsOf({ ...remote, is_listed: true }, en, plain)).not.toMatch(/retires|list/);
  });

  it("never says that a price nobody knows is nothing", () => {
    const remote = models[1] as (typeof models)[0];
    expect(factsOf({ ...remote, price: null }, en, plain)).toMatch(/price\sunknown/);
    expect(factsOf({ ...remote, price: { input: null, output: 1 } }, en, plain)).toMatch(/price\sunknown/);
    expect(factsOf(remote, en, plain)).toMatch(/\$2\.5\sin,\s\$10\sout/);
  });

  it.each([
    ["openai/gpt-4o", true],
    ["openrouter/meta/llama-3", true],
    ["openai/", false],
    ["/gpt", false],
    ["gpt-4o", false],
    ["openai/gpt 4o", false],
  ])("takes %s as a model: %s", (text, is) => expect(isModelId(text)).toBe(is));

  it.each([
    ["", "openai/"],
    ["gpt-4o", "openai/gpt-4o"],
    ["anthropic/claude", "openai/claude"],
  ])("puts a provider before %j", (text, after) => expect(withProvider(text, "openai")).toBe(after));
});
