// What is asked of the assistant: with which model, which files, which system prompt.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { NewQuestion } from "../src/ipc/bindings";
import { expectAccessible, openAssistant, refused } from "./window";

const field = () => screen.getByRole("textbox", { name: "Message" });

describe("a question", () => {
  it("goes to the model that is chosen; one that cannot be asked says why", async () => {
    const { app, user } = openAssistant("shelf");
    await user.click(await screen.findByRole("combobox", { name: "Model" }));
    const off = await screen.findByRole("option", { name: /Claude Sonnet/, hidden: true });
    expect(off).toHaveTextContent("There is no key for Anthropic.");
    expect(off).toHaveAttribute("data-combobox-disabled", "true");
    expect(screen.getByRole("option", { name: /GPT-4o mini/, hidden: true })).toHaveTextContent(
      "128K tokens · $0.15 in, $0.60 out per million · sees pictures",
    );
    expect(screen.getByRole("option", { name: /Unknown 8B/, hidden: true })).toHaveTextContent("price unknown");
    await user.click(screen.getByRole("option", { name: /GPT-4o mini/, hidden: true }));
    await user.type(field(), "Hello{Enter}");
    await waitFor(() =>
      expect(app.called("assistant_ask")[0]?.question).toMatchObject({ model: "openai/gpt-4o-mini" }),
    );
  });

  it("takes a long paste as an attachment, ten megabytes at once", async () => {
    const { app, user } = openAssistant();
    await screen.findByRole("textbox", { name: "Message" });
    const long = "word ".repeat(1_990_000);
    fireEvent.paste(field(), { clipboardData: { files: [], getData: () => long } });
    expect(await screen.findByText("pasted.txt")).toBeInTheDocument();
    expect(field()).toHaveValue("");
    expect(screen.getByText(/it became an attachment/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Send" }));
    expect(await screen.findByText("Say in a few words what to do with the attachments.")).toBeInTheDocument();
    await user.type(field(), "Sum it up{Enter}");
    await waitFor(() => expect(app.called("assistant_ask").length).toBe(1));
    const [asked] = app.called("assistant_ask") as { question: NewQuestion }[];
    expect(asked?.question.attachments[0]?.media_type).toBe("text/plain");
    expect(asked?.question.attachments[0]?.base64.length).toBeGreaterThan(13_000_000);
  });

  it("refuses what is too large, too many, or neither text nor a picture", async () => {
    const { user, container } = openAssistant();
    await screen.findByRole("textbox", { name: "Message" });
    const picker = container.querySelector("input[type=file][multiple]") as HTMLInputElement;
    const large = new File([new Uint8Array(10_000_001)], "big.txt", { type: "text/plain" });
    const binary = new File([new Uint8Array([1, 0, 2])], "tool.bin");
    await user.upload(picker, [large, binary, new File([], "void.txt")]);
    expect(await screen.findByText("big.txt is larger than 10 MB.")).toBeInTheDocument();
    expect(screen.getByText(/tool\.bin is neither text nor a picture/)).toBeInTheDocument();
    expect(screen.getByText("void.txt is empty.")).toBeInTheDocument();
    const many = Array.from({ length: 12 }, (_, index) => new File(["x"], `n${index}.txt`, { type: "text/plain" }));
    await user.upload(picker, many);
    expect(await screen.findByText("At most 10 attachments go with one question.")).toBeInTheDocument();
    expect(within(screen.getByRole("list", { name: "Attachments" })).getAllByRole("listitem").length).toBe(10);
  });

  it("with a picture is not sent to a model that cannot see", async () => {
    const { app, user, container } = openAssistant("letter");
    await user.click(await screen.findByRole("combobox", { name: "Model" }));
    await user.click(await screen.findByRole("option", { name: /GPT-4o mini/, hidden: true }));
    const picker = container.querySelector("input[type=file][multiple]") as HTMLInputElement;
    await user.upload(picker, new File(["\u0089PNG"], "wall.png", { type: "image/png" }));
    expect(await screen.findByText("wall.png")).toBeInTheDocument();
    await user.click(screen.getByRole("combobox", { name: "Model" }));
    await user.click(await screen.findByRole("option", { name: /SmolLM2/, hidden: true }));
    expect(await screen.findByText(/SmolLM2 135M cannot look at pictures/)).toBeInTheDocument();
    await user.type(field(), "What is it?{Enter}");
    expect(app.called("assistant_ask")).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Remove wall.png" }));
    await user.type(field(), "{Enter}");
    await waitFor(() => expect(app.called("assistant_ask").length).toBe(1));
  });

  it("that is refused stays in the field", async () => {
    const { user } = openAssistant("shelf", { before: (app) => app.refuse("assistant_ask", refused) });
    await user.type(await screen.findByRole("textbox", { name: "Message" }), "Keep me{Enter}");
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
    expect(field()).toHaveValue("Keep me");
  });

  it("is spoken for as long as the button is held", async () => {
    const { app } = openAssistant("shelf");
    const button = await screen.findByRole("button", { name: "Hold to speak" });
    fireEvent.keyDown(button, { code: "Space" });
    fireEvent.keyUp(button, { code: "Space" });
    expect(app.called("assistant_listen")).toEqual([{ on: true }, { on: false }]);
  });

  it("of a new conversation goes with a system prompt from the library", async () => {
    const { app, user } = openAssistant();
    await user.click(await screen.findByRole("button", { name: "System prompt: Default prompt" }));
    await user.click(await screen.findByRole("menuitem", { name: "Translator", hidden: true }));
    await user.type(field(), "Hallo{Enter}");
    await waitFor(() =>
      expect(app.called("assistant_ask")[0]?.question).toMatchObject({ system: expect.stringContaining("Translate") }),
    );
  });
});

describe("the library of prompts", () => {
  it("is added to, changed and taken from", async () => {
    const { app, user } = openAssistant();
    await user.click(await screen.findByRole("button", { name: "System prompt: Default prompt" }));
    await user.click(await screen.findByRole("menuitem", { name: "Manage prompts", hidden: true }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "Add a prompt" }));
    await user.type(within(dialog).getByRole("textbox", { name: "Name" }), "Reviewer");
    expect(within(dialog).getByText("There is a prompt of this name already.")).toBeInTheDocument();
    await user.type(within(dialog).getByRole("textbox", { name: "Name" }), " two");
    await user.type(within(dialog).getByRole("textbox", { name: "Text" }), "Be strict.");
    await user.click(within(dialog).getByRole("button", { name: "Save" }));
    const saved = () =>
      (app.called("settings_patch").at(-1)?.patch ?? {}) as { key: string; value: { name: string }[] };
    await waitFor(() => expect(saved().key).toBe("assistant.prompts"));
    expect(saved().value.map(({ name }) => name)).toEqual(["Translator", "Reviewer", "Reviewer two"]);
    await user.click(await within(dialog).findByRole("button", { name: "Delete Translator" }));
    await waitFor(() => expect(saved().value.map(({ name }) => name)).toEqual(["Reviewer", "Reviewer two"]));
    await expectAccessible();
  });
});
