// The Privacy page: the contract, its check, and the try-out.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { placeholdersIn, placeIn, splitSentence } from "../src/features/privacy/place";
import { BUILT_IN } from "./fake/outside";
import { contractWrong } from "./fake/privacy";
import { expectAccessible, openWindow, refused } from "./window";

const patches = (app: ReturnType<typeof openWindow>["app"]) => app.called("settings_patch").map(({ patch }) => patch);
const editor = () => screen.findByRole("textbox", { name: "Text of the contract" });
/** As pasted: typing it letter by letter would read each bracket as a key. */
const write = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });
const button = (name: string) => screen.getByRole("button", { name });
const MINE = `# Mine\nname = "mine"\nversion = 2\n`;

describe("the contract", () => {
  it("is saved only as it was checked", async () => {
    const { app, user } = openWindow("privacy");
    const field = await editor();
    expect(field).toHaveValue(BUILT_IN);
    expect(screen.getByText("default, version 1")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Use the built-in one" })).toBeNull();
    expect(button("Save")).toBeDisabled();
    write(field, MINE);
    expect(button("Save")).toBeDisabled();
    await user.click(button("Check"));
    expect(await screen.findByText(/every example comes out/)).toBeInTheDocument();
    expect(app.called("contract_check")).toEqual([{ text: MINE }]);
    write(field, `${MINE}# one more`);
    expect(button("Save")).toBeDisabled();
    write(field, MINE);
    expect(button("Save")).toBeEnabled();
    await user.click(button("Save"));
    expect(await screen.findByText("mine, version 2")).toBeInTheDocument();
    expect(patches(app)).toEqual([{ key: "privacy.contract", value: MINE }]);
    expect(field).toHaveValue(MINE);
    expect(button("Save")).toBeDisabled();
  });

  it("that cannot be read says the line, draws it, and goes there", async () => {
    const { app, user } = openWindow("privacy");
    const field = (await editor()) as HTMLTextAreaElement;
    write(field, "# Mine\nversion = 2\nnam\n");
    await user.click(button("Check"));
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("TOML parse error at line 3, column 1");
    expect(screen.getByText(/key with no value/)).toHaveTextContent("3 | nam");
    expect(button("Save")).toBeDisabled();
    await expectAccessible();
    await user.click(button("Go to line 3"));
    expect(field).toHaveFocus();
    expect(field.value.slice(field.selectionStart, field.selectionEnd)).toBe("nam");
    expect(patches(app)).toEqual([]);
    await user.click(button("Discard changes"));
    expect(field).toHaveValue(BUILT_IN);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("with an example that does not come out names it", async () => {
    const sentence = "the example `people are masked` of the contract mine expects allow, but what comes is redact";
    const { user } = openWindow("privacy", {
      before: (app) => app.refuse("contract_check", contractWrong(sentence)),
    });
    const field = (await editor()) as HTMLTextAreaElement;
    await user.click(button("Check"));
    expect(await screen.findByRole("alert")).toHaveTextContent("expects allow, but what comes is redact");
    await user.click(screen.getByRole("button", { name: /^Go to line/ }));
    expect(field.value.slice(field.selectionStart, field.selectionEnd)).toBe('name = "people are masked"');
  });

  it("that the app refuses to save stays as it was typed", async () => {
    const { user } = openWindow("privacy", { before: (app) => app.refuse("settings_patch", refused) });
    const field = await editor();
    write(field, MINE);
    await user.click(button("Check"));
    await waitFor(() => expect(button("Save")).toBeEnabled());
    await user.click(button("Save"));
    expect(await screen.findByRole("alert")).toHaveTextContent(refused.message);
    expect(field).toHaveValue(MINE);
  });

  it("of one's own goes back to the built-in one after a question", async () => {
    const { app, user } = openWindow("privacy", {
      before: (fake) => {
        fake.settings.privacy.contract = MINE;
      },
    });
    const field = await editor();
    write(field, "half written");
    await user.click(await screen.findByRole("button", { name: "Use the built-in one" }));
    const dialog = await screen.findByRole("dialog", { name: "Use the built-in contract?" });
    expect(patches(app)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Use the built-in one" }));
    await waitFor(async () => expect(await editor()).toHaveValue(BUILT_IN));
    expect(patches(app)).toEqual([{ key: "privacy.contract", value: null }]);
  });

  it("of one's own that does not load any more can be mended here", async () => {
    openWindow("privacy", {
      before: (app) => {
        app.settings.privacy.contract = "nam\n";
      },
    });
    expect(await screen.findByText("Your own does not load")).toBeInTheDocument();
    expect(await editor()).toHaveValue("nam\n");
    expect(button("Use the built-in one")).toBeEnabled();
  });
});

describe("trying it out", () => {
  const attempt = async (words: string) => {
    const opened = openWindow("privacy");
    await editor();
    await opened.user.type(screen.getByRole("textbox", { name: "Words" }), words);
    await opened.user.click(button("Try"));
    return { ...opened, form: screen.getByRole("form", { name: "Try it out" }) };
  };

  it("shows what would be sent, and what is masked in it", async () => {
    const { app, form, user } = await attempt("Write to ada@example.org soon");
    expect(await within(form).findByText("This would be sent:")).toBeInTheDocument();
    expect(within(form).getByText("[EMAIL_1]").tagName).toBe("MARK");
    expect(within(form).getByText("email")).toBeInTheDocument();
    const words = "Write to ada@example.org soon";
    expect(app.called("contract_try")).toEqual([{ text: BUILT_IN, model: "openai/gpt-4o", words }]);
    await expectAccessible();
    await user.type(within(form).getByRole("textbox", { name: "Words" }), " please");
    expect(within(form).queryByText("This would be sent:")).toBeNull();
  });

  it("shows what is refused, why, and by which rule", async () => {
    const { form } = await attempt("it is sk%2Dant%2Dabc");
    expect(await within(form).findByText("Nothing would be sent.")).toBeInTheDocument();
    expect(within(form).getByText(/found a wrapped key/)).toBeInTheDocument();
    expect(within(form).getByText("api_key")).toBeInTheDocument();
  });

  it("shows that somebody would be asked", async () => {
    const { form } = await attempt("ask me");
    expect(await within(form).findByText("You would be asked first.")).toBeInTheDocument();
    expect(within(form).getByText("customer")).toBeInTheDocument();
  });

  it("takes the text as it is being written, and says what is wrong with that", async () => {
    const { app, user } = openWindow("privacy");
    write(await editor(), "nam\n");
    await user.type(screen.getByRole("textbox", { name: "Words" }), "hello");
    await user.click(button("Try"));
    expect(await screen.findByRole("alert")).toHaveTextContent("TT-CHAT-1109");
    expect(app.called("contract_try")[0]?.text).toBe("nam\n");
  });
});

describe("a place in a contract", () => {
  it.each([
    ["TOML parse error at line 3, column 1", 3, "version = 1"],
    ['the example `a "b"` of the contract x expects allow', undefined, ""],
    ["the example `two` of the contract x expects allow", 5, 'name = "two"'],
    ["TOML parse error at line 99, column 1", undefined, ""],
    ["the contract has no name", undefined, ""],
  ])("is read from: %s", (sentence, line, words) => {
    const text = '# One\nname = "one"\nversion = 1\n[[example]]\nname = "two"\n';
    const place = placeIn(text, sentence);
    expect(place?.line).toBe(line);
    if (place) expect(text.slice(place.from, place.to)).toBe(words);
  });

  it("has a sentence and a drawing", () => {
    expect(splitSentence("At line 1\n  |\n1 | x")).toEqual({ sentence: "At line 1", drawing: "  |\n1 | x" });
    expect(splitSentence("Plain.").drawing).toBe("");
  });

  it("may hold placeholders", () => {
    const text = "To [EMAIL_1], not [this], [CARD_12]";
    expect(placeholdersIn(text).map(([from, to]) => text.slice(from, to))).toEqual(["[EMAIL_1]", "[CARD_12]"]);
  });
});
