// The conversations of the assistant: found, renamed, deleted, opened, long; and the keyboard.
import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { events as assistantEvents } from "../src/ipc/bindings";
import { expectAccessible, openAssistant, refused } from "./window";

const field = () => screen.getByRole("textbox", { name: "Message" });
const answers = () => within(screen.getByRole("region", { name: "Conversation" })).getAllByRole("article");
const heading = (name: string) => screen.findByRole("heading", { level: 1, name });

describe("the keyboard", () => {
  it("begins anew with Ctrl+N and searches with Ctrl+K", async () => {
    const { user } = openAssistant("shelf");
    await heading("A shelf for 120 books");
    await user.keyboard("{Control>}n{/Control}");
    expect(await heading("New conversation")).toBeInTheDocument();
    await waitFor(() => expect(field()).toHaveFocus());
    await user.keyboard("{Control>}k{/Control}");
    await waitFor(() => expect(screen.getByRole("searchbox", { name: "Search conversations" })).toHaveFocus());
  });

  it("makes a line with Shift+Enter and sends with Enter", async () => {
    const { app, user } = openAssistant("shelf");
    await user.type(await screen.findByRole("textbox", { name: "Message" }), "one{Shift>}{Enter}{/Shift}two{Enter}");
    await waitFor(() =>
      expect(app.called("assistant_ask")[0]?.question).toMatchObject({ text: "one\ntwo", parent: "s5" }),
    );
    await waitFor(() => expect(field()).toHaveValue(""));
  });

  it("edits the last question with Up in the empty field", async () => {
    const { user } = openAssistant("shelf");
    await screen.findByText("And if the wall is hollow?");
    await user.click(field());
    await user.keyboard("{ArrowUp}");
    expect(screen.getByRole("textbox", { name: "Question" })).toHaveFocus();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(field()).toHaveFocus());
  });

  it("asks an edited question in the place of the first, whose files go along", async () => {
    const { app, user } = openAssistant("shelf");
    const question = (await screen.findByText("And if the wall is hollow?")).closest("article") as HTMLElement;
    await user.click(within(question).getByRole("button", { name: "Edit" }));
    await user.type(screen.getByRole("textbox", { name: "Question" }), " Or old?{Enter}");
    await waitFor(() => expect(app.called("assistant_ask")).toHaveLength(1));
    expect(app.called("assistant_ask")[0]?.question).toMatchObject({
      text: "And if the wall is hollow? Or old?",
      instead_of: "s4",
      attachments: [],
    });
  });

  it("walks the conversations and renames one in place", async () => {
    const { app, user } = openAssistant("shelf");
    const row = await screen.findByRole("button", { name: /^Letter about the heating/ });
    row.focus();
    await user.keyboard("{F2}");
    const rename = screen.getByRole("textbox", { name: "Title of the conversation" });
    await user.clear(rename);
    await user.type(rename, "Cold flat{Enter}");
    expect(app.called("conversation_rename")).toEqual([{ id: "letter", title: "Cold flat" }]);
    expect(await screen.findByRole("button", { name: /^Cold flat/ })).toBeInTheDocument();
  });
});

describe("conversations", () => {
  it("are found while typing, with the words marked", async () => {
    const { user } = openAssistant();
    await user.type(await screen.findByRole("searchbox"), "brackets");
    await waitFor(() => expect(document.querySelector("mark")).toHaveTextContent("brackets"));
    await user.type(screen.getByRole("searchbox"), " zeppelin");
    expect(await screen.findByText("No matches")).toBeInTheDocument();
    await expectAccessible();
  });

  it("are deleted with a way back", async () => {
    const { app, user } = openAssistant("letter");
    await user.click(await screen.findByRole("button", { name: "More for Letter about the heating" }));
    await user.click(await screen.findByRole("menuitem", { name: "Delete", hidden: true }));
    expect(await heading("New conversation")).toBeInTheDocument();
    await waitFor(() => expect(screen.queryByRole("button", { name: /^Letter about/ })).not.toBeInTheDocument());
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await screen.findByRole("button", { name: /^Letter about/ })).toBeInTheDocument();
    expect(app.called("conversation_restore")).toEqual([{ id: "letter" }]);
    expect(await heading("Letter about the heating")).toBeInTheDocument();
  });

  it("are exported and imported", async () => {
    const { app, user, container } = openAssistant();
    await user.click(await screen.findByRole("button", { name: "More for Letter about the heating" }));
    await user.click(await screen.findByRole("menuitem", { name: "Export as Markdown", hidden: true }));
    expect(await screen.findByText("Saved as conversation.md in the folder for downloads.")).toBeInTheDocument();
    const picker = container.querySelector("input[type=file][accept*=json]") as HTMLInputElement;
    await user.upload(picker, new File(["{}"], "old.json", { type: "application/json" }));
    await waitFor(() => expect(app.called("conversation_import")).toEqual([{ text: "{}" }]));
    expect(await heading("Imported")).toBeInTheDocument();
  });

  it("open when the app asks for one, and are told to the app", async () => {
    const { app } = openAssistant();
    await screen.findByRole("button", { name: /^Letter about/ });
    await act(() => assistantEvents.openConversation.emit({ id: "letter" }));
    expect(await heading("Letter about the heating")).toBeInTheDocument();
    expect(app.called("conversation_opened").at(-1)).toEqual({ id: "letter" });
    expect(window.location.hash).toBe("#/letter");
  });

  it("that cannot be read say why", async () => {
    openAssistant("shelf", { before: (app) => app.refuse("conversation_get", refused) });
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
    await expectAccessible();
  });

  it("there are none of at first", async () => {
    openAssistant("", { entries: 0 });
    expect(await screen.findByText("No conversations yet")).toBeInTheDocument();
    expect(screen.getByText("Ask anything")).toBeInTheDocument();
    await expectAccessible();
  });

  it("of two thousand messages have only those on the screen in the page", async () => {
    const { assistant } = openAssistant("", { before: (app) => void app.assistant.long("long", 2000) });
    await screen.findByRole("button", { name: /^Long 2000/ });
    await act(() => assistantEvents.openConversation.emit({ id: "long" }));
    await waitFor(() => expect(answers().length).toBeGreaterThan(3));
    expect(answers().length).toBeLessThan(40);
    expect(assistant.view("long").messages.length).toBe(2000);
  });
});
