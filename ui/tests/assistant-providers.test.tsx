// The Assistant page of the settings: its providers and their tests, and the model on this machine.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { stateOf, wrongAddress } from "../src/features/assistant/settings/providers";
import type { Problem } from "../src/ipc/bindings";
import { en } from "../src/locales/en";
import { providers } from "./fake/outside";
import { expectAccessible, openWindow, page, refused } from "./window";

const keyRefused: Problem = {
  code: "TT-LLM-101",
  message: "OpenAI: The key was refused (HTTP 401).",
  advice: "Put in a new key under Settings, Secrets.",
};
const patches = (app: ReturnType<typeof openWindow>["app"]) => app.called("settings_patch").map(({ patch }) => patch);
const providerRow = (name: string) => screen.findByRole("article", { name });

describe("a provider", () => {
  it("is allowed by its switch, and its state follows", async () => {
    const { app, user } = openWindow("assistant");
    const row = await providerRow("OpenRouter");
    expect(within(row).getByText("Not allowed")).toBeInTheDocument();
    await user.click(within(row).getByRole("switch", { name: "Allow OpenRouter" }));
    await waitFor(() =>
      expect(patches(app)).toEqual([{ key: "assistant.providers", value: ["openai", "anthropic", "openrouter"] }]),
    );
    expect(await within(row).findByText("Ready")).toBeInTheDocument();
    await user.click(within(row).getByRole("switch", { name: "Allow OpenRouter" }));
    await waitFor(() => expect(app.settings.assistant.providers).toEqual(["openai", "anthropic"]));
  });

  it("on this machine has no switch and says why it cannot be asked", async () => {
    openWindow("assistant");
    const row = await providerRow("Local model");
    expect(within(row).queryByRole("switch")).toBeNull();
    expect(within(row).getByText(/no model file is chosen/)).toBeInTheDocument();
    expect(within(row).getByText("127.0.0.1, on this machine")).toBeInTheDocument();
  });

  it("without its key leads to the page where keys are set", async () => {
    const { user } = openWindow("assistant");
    const row = await providerRow("Anthropic");
    expect(await within(row).findByText("Key missing")).toBeInTheDocument();
    await user.click(within(row).getByRole("button", { name: "Add key: Anthropic" }));
    await page("Secrets");
  });

  it("is asked again when a secret was set", async () => {
    const { app } = openWindow("assistant");
    const row = await providerRow("Anthropic");
    await within(row).findByText("Key missing");
    // The first word of the app is news of everything; only the second is about secrets alone.
    await app.publish({});
    await waitFor(() => expect(app.called("provider_list").length).toBeGreaterThan(1));
    app.secrets = {
      ...app.secrets,
      secrets: app.secrets.secrets.map((one) => (one.id === "anthropic" ? { ...one, presence: "set" } : one)),
    };
    app.privacy.providers = app.privacy.providers.map((one) => ({ ...one, unavailable: null }));
    await app.publish({ secrets_version: 2 });
    expect(await within(row).findByText("Ready")).toBeInTheDocument();
  });

  it("that is tested shows what it really answered", async () => {
    const { app, user } = openWindow("assistant");
    const row = await providerRow("OpenAI");
    await user.click(within(row).getByRole("button", { name: "Test: OpenAI" }));
    expect(await within(row).findByText("It answered and lists 10 models:")).toBeInTheDocument();
    expect(within(row).getByText(/gpt-4o, gpt-4o-mini,/)).toBeInTheDocument();
    expect(within(row).getByText(/and 2 more/)).toBeInTheDocument();
    expect(app.called("provider_test")).toEqual([{ id: "openai" }]);
    await expectAccessible();
  });

  it("whose test fails says so in its row: sentence, advice and code", async () => {
    const { app, user } = openWindow("assistant", { before: (fake) => fake.refuse("provider_test", keyRefused) });
    const row = await providerRow("OpenAI");
    await user.click(within(row).getByRole("button", { name: "Test: OpenAI" }));
    const alert = await within(row).findByRole("alert");
    for (const part of [keyRefused.message, keyRefused.advice, keyRefused.code]) expect(alert).toHaveTextContent(part);
    expect(screen.getAllByRole("alert")).toHaveLength(1);
    await expectAccessible();
    app.allow("provider_test");
    await user.click(within(row).getByRole("button", { name: "Test: OpenAI" }));
    expect(await within(row).findByText(/It answered/)).toBeInTheDocument();
    expect(within(row).queryByRole("alert")).toBeNull();
  });

  it("gets an address of its own; a wrong one is said at the field, and an empty one is the usual one", async () => {
    const { app, user } = openWindow("assistant");
    const row = await providerRow("OpenAI-compatible server");
    const change = () => user.click(within(row).getByRole("button", { name: "Address: OpenAI-compatible server" }));
    const field = () => within(row).getByRole("textbox", { name: "Address: OpenAI-compatible server" });
    await change();
    expect(field()).toHaveFocus();
    app.refuse("settings_patch", {
      ...refused,
      message: "The value does not fit the setting. assistant.addresses: openai-compatible: it begins with https.",
    });
    await user.type(field(), "http://example.org/v1{Enter}");
    expect(await within(row).findByText("It begins with https.")).toBeInTheDocument();
    expect(field()).toHaveAttribute("aria-invalid", "true");
    app.allow("settings_patch");
    await user.clear(field());
    await user.type(field(), "https://llm.example.org/v1{Enter}");
    expect(await within(row).findByText("llm.example.org")).toBeInTheDocument();
    expect(app.settings.assistant.addresses).toEqual([
      { provider: "openai-compatible", base: "https://llm.example.org/v1" },
    ]);
    await waitFor(() =>
      expect(within(row).getByRole("button", { name: "Address: OpenAI-compatible server" })).toHaveFocus(),
    );
    await change();
    await user.clear(field());
    await user.keyboard("{Enter}");
    await waitFor(() => expect(app.settings.assistant.addresses).toEqual([]));
  });

  it.each([
    ["off before everything else", false, { unavailable: "x" }, "unset", "off"],
    ["without an address", true, { host: null }, undefined, "no_address"],
    ["without its key", true, { unavailable: "x" }, "unset", "no_key"],
    ["whose key is out of reach", true, { unavailable: "x" }, "out_of_reach", "unavailable"],
    ["that needs no key", true, { needs_key: false }, "unset", "ready"],
    ["that fails", true, { unavailable: "x" }, "set", "unavailable"],
    ["while nothing is known of its key", true, {}, undefined, "ready"],
  ] as const)("%s", (_name, isOn, change, presence, state) => {
    const provider = { ...(providers[0] as (typeof providers)[0]), ...change };
    expect(stateOf(provider, isOn, presence)).toBe(state);
  });
});

describe("an address's problem", () => {
  it("loses what the field says already, and nothing else", () => {
    const whole = "The value does not fit the setting. assistant.addresses: ollama: it has no host.";
    expect(wrongAddress(whole, "ollama")).toBe("It has no host.");
    expect(wrongAddress(whole, "openai")).toBe(whole);
  });
});

describe("the local model", () => {
  it("is chosen by its file, installed from the list, and taken in from a file", async () => {
    const { app, user } = openWindow("assistant");
    const qwen = await screen.findByRole("article", { name: "Qwen2.5 1.5B" });
    await user.click(within(qwen).getByRole("button", { name: "Use Qwen2.5 1.5B" }));
    expect(patches(app)).toContainEqual({
      key: "workers.llama_model",
      value: "/data/language-models/qwen2.5-1.5b/model.gguf",
    });
    await user.click(screen.getByRole("button", { name: "Install Qwen3 1.7B" }));
    expect(app.called("models_install")).toEqual([{ id: "qwen3-1.7b" }]);
    const file = screen.getByRole("textbox", { name: en.speech.models.import });
    await user.type(file, "/home/ada/own.gguf{Enter}");
    expect(app.called("language_import")).toEqual([{ path: "/home/ada/own.gguf" }]);
    await expectAccessible();
  });

  it("may be run by what was found on this machine, after a click", async () => {
    const { app, user } = openWindow("assistant");
    await user.click(await screen.findByRole("button", { name: "Use the llama-server that was found" }));
    expect(patches(app)).toContainEqual({ key: "workers.llama_program", value: "/usr/local/bin/llama-server" });
    await user.click(screen.getByRole("button", { name: "Add the models of Ollama" }));
    expect(patches(app)).toContainEqual({
      key: "assistant.models",
      value: expect.arrayContaining(["ollama/llama3.2:3b", "ollama/qwen3:4b"]),
    });
  });

  it("says how to get a server where there is none", async () => {
    openWindow("assistant", {
      before: (app) => {
        app.found = { program: null, on_path: null, ollama: null };
      },
    });
    expect(await screen.findByText("llama-server is not installed")).toBeInTheDocument();
    expect(screen.queryByText("Ollama runs here")).not.toBeInTheDocument();
  });
});
