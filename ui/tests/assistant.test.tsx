// Answers in the assistant's window: they stream, break off and go on, and stand on branches.
import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { leafBelow, pathTo } from "../src/features/assistant/branches";
import { Growth } from "../src/features/assistant/growth";
import { events as assistantEvents } from "../src/ipc/bindings";
import { message } from "./fake/message";
import { expectAccessible, openAssistant } from "./window";

/** The next frame, in which what grew is drawn. */
const frame = () => act(() => new Promise<void>((drawn) => requestAnimationFrame(() => drawn())));

async function asking(text = "What is a monad?") {
  const opening = openAssistant();
  await opening.user.type(await screen.findByRole("textbox", { name: "Message" }), `${text}{Enter}`);
  await screen.findByText(/Waiting for the first word/);
  const question = opening.app.called("assistant_ask")[0]?.question as { text: string; conversation: string | null };
  const conversation = opening.assistant.all[0]?.id as string;
  const answer = opening.assistant.view(conversation).messages.at(-1)?.id as string;
  return { ...opening, question, conversation, answer };
}

describe("an answer", () => {
  it("streams in, stops at its end, and says what it took", async () => {
    const { assistant, conversation, answer, question } = await asking();
    expect(question).toMatchObject({ text: "What is a monad?", conversation: null, parent: null, system: null });
    expect(screen.getByRole("button", { name: "Stop" })).toBeEnabled();
    for (const word of ["A **mon", "ad** is", " a box.\n\n```js\nlet", " a = 1;\n```\n"])
      await assistant.grow(conversation, answer, word);
    await frame();
    expect(await screen.findByText("monad")).toHaveProperty("tagName", "STRONG");
    expect(document.querySelector("pre")).toHaveTextContent("let a = 1;");
    await act(() =>
      assistant.end(conversation, answer, { state: "complete", tokens_in: 1204, tokens_out: 31, cost: 0.0012 }),
    );
    expect(await screen.findByText(/1,204 tokens in, 31 out · \$0\.0012/)).toBeInTheDocument();
    expect(screen.getByText("monad")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Send" })).toBeInTheDocument();
    expect(screen.getByText("The answer is complete.")).toBeInTheDocument();
    await expectAccessible();
  });

  it("that lost a delta is asked for again, and nothing is missing or twice", async () => {
    const { app, assistant, conversation, answer } = await asking();
    await assistant.grow(conversation, answer, "one ");
    const before = app.called("conversation_get").length;
    await assistant.grow(conversation, answer, "two ", "", true);
    await assistant.grow(conversation, answer, "three ");
    await assistant.grow(conversation, answer, "four");
    await waitFor(() => expect(app.called("conversation_get").length).toBeGreaterThan(before));
    await frame();
    expect(await screen.findByText("one two three four")).toBeInTheDocument();
    await assistantEvents.answerGrew.emit({ conversation, message: answer, n: 2, text: "again ", reasoning: "" });
    await frame();
    expect(screen.getByText("one two three four")).toBeInTheDocument();
  });

  it("is stopped with Escape and said to be stopped", async () => {
    const { app, user, assistant, conversation, answer } = await asking();
    await assistant.grow(conversation, answer, "Half an ans");
    await user.keyboard("{Escape}");
    expect(await screen.findByText("You stopped this answer.")).toBeInTheDocument();
    expect(app.called("assistant_stop")).toEqual([{ answer }]);
    expect(screen.getByText("Half an ans")).toBeInTheDocument();
  });

  it("that was cut off says so, and goes on where it was", async () => {
    const { app, user, assistant } = openAssistant("shelf");
    expect(
      await screen.findByText(
        "This answer was cut off: The local language engine stopped in the middle of the answer.",
      ),
    ).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Continue" }));
    expect(app.called("assistant_continue")).toEqual([{ answer: "s5" }]);
    await waitFor(() => expect(screen.queryByText(/This answer was cut off/)).not.toBeInTheDocument());
    await assistant.grow("shelf", "s5", " at a stud.");
    await frame();
    expect(await screen.findByText(/and put each bracket at a stud\./)).toBeInTheDocument();
  });

  it("that failed has its problem and a way to ask again", async () => {
    const { app, user } = openAssistant("letter");
    const last = await screen.findByText("The account at OpenAI has no money left.");
    await user.click(
      within(last.closest("article") as HTMLElement).getAllByRole("button", { name: "Ask again" })[0] as HTMLElement,
    );
    expect(app.called("assistant_regenerate")).toEqual([{ answer: "l4", model: null }]);
  });

  it("that needs a yes to what the contract found is sent with that yes alone", async () => {
    const { app, assistant, user } = openAssistant("letter");
    await screen.findByText("The account at OpenAI has no money left.");
    expect(screen.queryByRole("button", { name: "Send it this once" })).not.toBeInTheDocument();
    const problem = {
      code: "TT-LLM-191",
      message: "OpenAI: your contract asks before this leaves.",
      advice: "Say yes, or mask it.",
    };
    await assistant.end("letter", "l4", { state: "failed", problem });
    await user.click(await screen.findByRole("button", { name: "Send it this once" }));
    expect(app.called("assistant_agree")).toEqual([{ answer: "l4" }]);
  });

  it("at its length limit can be continued", async () => {
    openAssistant("letter");
    const limit = await screen.findByText("The answer reached its length limit.");
    expect(within(limit.closest("[role=note]") as HTMLElement).getByRole("button", { name: "Continue" })).toBeEnabled();
  });

  it("names those that could not answer, each with its reason", async () => {
    const { user } = openAssistant("shelf");
    const line = await screen.findByRole("button", {
      name: /^Answered by local SmolLM2 135M after 2 others could not: OpenAI is overloaded\./,
    });
    await user.click(line);
    expect(screen.getByText("TT-LLM-120")).toBeInTheDocument();
    expect(screen.getByText(/Went to SmolLM2 135M/)).toBeInTheDocument();
    await expectAccessible();
  });

  it("shows its thinking only when asked to", async () => {
    const { assistant, conversation, answer, user } = await asking();
    await assistant.grow(conversation, answer, "", "They want *brevity*.");
    await frame();
    await user.click(await screen.findByRole("button", { name: "Thinking…" }));
    expect(screen.getByText("brevity")).toHaveProperty("tagName", "EM");
  });

  it("is asked for again with another model", async () => {
    const { app, user } = openAssistant("shelf");
    await screen.findByText(/This answer was cut off/);
    await user.click(screen.getAllByRole("button", { name: "Ask again with another model" }).at(-1) as HTMLElement);
    await user.click(await screen.findByRole("menuitem", { name: /GPT-4o mini/, hidden: true }));
    expect(app.called("assistant_regenerate")).toEqual([{ answer: "s5", model: "openai/gpt-4o-mini" }]);
  });
});

describe("branches", () => {
  const tree = [
    message({ id: "a", role: "user" }),
    message({ id: "b", role: "assistant", parent: "a" }),
    message({ id: "c", role: "assistant", parent: "a" }),
    message({ id: "d", role: "user", parent: "b" }),
    message({ id: "e", role: "user", parent: "b" }),
  ];
  const ids = (leaf: string | null) => pathTo(tree, leaf).map((step) => step.message.id);

  it("are one path each", () => {
    expect(ids("d")).toEqual(["a", "b", "d"]);
    expect(ids("c")).toEqual(["a", "c"]);
    expect(ids(null)).toEqual(["a", "b", "e"]);
    expect(ids("gone")).toEqual(["a", "b", "e"]);
    expect(pathTo(tree, "d").map(({ siblings }) => siblings.length)).toEqual([1, 2, 2]);
    expect(leafBelow(tree, "b")).toBe("e");
    expect(leafBelow(tree, "c")).toBe("c");
    const circle = [message({ id: "x", role: "user", parent: "y" }), message({ id: "y", role: "user", parent: "x" })];
    expect(pathTo(circle, "x").length).toBe(2);
  });

  it("are switched from one to the next", async () => {
    const { app, user } = openAssistant("shelf");
    const group = await screen.findByRole("group", { name: "Branches" });
    expect(group).toHaveTextContent("2 of 2");
    await user.click(within(group).getByRole("button", { name: "Previous branch" }));
    expect(await screen.findByText("Which wall is it?")).toBeInTheDocument();
    expect(screen.getByRole("group", { name: "Branches" })).toHaveTextContent("1 of 2");
    expect(app.called("conversation_show")).toEqual([{ id: "shelf", leaf: "s2" }]);
    await user.click(screen.getByRole("button", { name: "Next branch" }));
    expect(app.called("conversation_show")[1]).toEqual({ id: "shelf", leaf: "s5" });
  });

  it("begin with an edited question", async () => {
    const { app, user } = openAssistant("shelf");
    await screen.findByText("And if the wall is hollow?");
    await user.click(screen.getAllByRole("button", { name: "Edit" }).at(-1) as HTMLElement);
    const edit = screen.getByRole("textbox", { name: "Question" });
    await user.clear(edit);
    await user.type(edit, "And if it is brick?{Enter}");
    expect(app.called("assistant_ask")[0]?.question).toMatchObject({
      conversation: "shelf",
      parent: "s3",
      text: "And if it is brick?",
    });
    expect(await screen.findByText("And if it is brick?")).toBeInTheDocument();
    expect(screen.queryByText("And if the wall is hollow?")).not.toBeInTheDocument();
  });
});

describe("what grows", () => {
  const streaming = message({ id: "m", role: "assistant", state: "streaming", text: "ab", deltas: 2 });
  const delta = (n: number, text: string) => ({ conversation: "c", message: "m", n, text, reasoning: "" });

  it("takes each delta once, in order, and says when one is missing", () => {
    const growth = new Growth();
    expect(growth.grew(delta(3, "c"))).toBe("missing");
    expect(growth.sync(streaming)).toBe("whole");
    expect(growth.textOf(streaming)).toBe("abc");
    expect(growth.grew(delta(2, "b"))).toBe("old");
    expect(growth.grew(delta(5, "e"))).toBe("missing");
    expect(growth.hasGap()).toBe(true);
    expect(growth.sync({ ...streaming, text: "abcd", deltas: 4 })).toBe("whole");
    expect(growth.textOf(streaming)).toBe("abcde");
    expect(growth.hasGap()).toBe(false);
  });

  it("is drawn once in a frame, however many deltas came", async () => {
    const growth = new Growth();
    growth.sync(streaming);
    let drawn = 0;
    growth.subscribe("m", () => {
      drawn += 1;
    });
    for (let n = 3; n < 103; n += 1) growth.grew(delta(n, "x"));
    expect(drawn).toBe(0);
    await new Promise(requestAnimationFrame);
    expect(drawn).toBe(1);
  });
});
