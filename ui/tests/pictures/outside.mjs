// The pictures of the two pages about other machines: who is asked, and what left.

export const outsideShots = [
  { page: "assistant" },
  { page: "privacy" },
  ...["tested", "address", "adding", "listing", "limits", "bottom"].map((act) => ({ page: "assistant", act })),
  ...["hosts", "requests", "contract", "wrong", "tried", "refused"].map((act) => ({ page: "privacy", act })),
  ...["assistant", "privacy"].flatMap((page) => ["empty", "error", "loading"].map((scene) => ({ page, scene }))),
  { page: "general", act: "keys" },
];

const text = (page) => page.getByRole("textbox", { name: "Text of the contract" });

async function tried(page, words, until) {
  await page.getByRole("textbox", { name: "Words" }).fill(words);
  await page.getByRole("button", { name: "Try", exact: true }).click();
  const result = page.getByRole("form", { name: "Try it out" }).getByText(until);
  await result.waitFor();
  await result.scrollIntoViewIfNeeded();
}

export const outsideActs = {
  tested: async (page) => {
    await page.getByRole("button", { name: "Test: OpenAI", exact: true }).click();
    await page.getByText("lists 10 models").waitFor();
    await page.getByRole("button", { name: "Test: Anthropic" }).click();
    await page.getByText("TT-LLM-101").scrollIntoViewIfNeeded();
  },
  address: async (page) => {
    await page.evaluate(() =>
      window.fakeApp.refuse("settings_patch", {
        code: "TT-SETTINGS-702",
        message:
          "The value does not fit the setting. assistant.addresses: openrouter: an address on another machine begins with https.",
        advice: "`tonny settings list` shows each setting with its range.",
      }),
    );
    await page.getByRole("button", { name: "Address: OpenRouter" }).click();
    await page.getByRole("textbox", { name: "Address: OpenRouter" }).fill("http://example.org/v1");
    await page.keyboard.press("Enter");
    await page.getByText("begins with https").scrollIntoViewIfNeeded();
  },
  adding: async (page) => {
    await page.getByRole("button", { name: "Add a model" }).click();
    await page.getByRole("form", { name: "Add a model" }).getByRole("combobox", { name: "Model" }).fill("gpt 4o");
    await page.getByText("Write it as provider/model.").waitFor();
  },
  listing: async (page) => {
    await page.getByRole("button", { name: "Add a model" }).click();
    await page.getByRole("form", { name: "Add a model" }).getByRole("combobox", { name: "Provider" }).click();
    await page.getByRole("option", { name: "OpenAI", exact: true }).click();
    await page.getByRole("button", { name: "Show its models" }).click();
    await page.getByText("10 models are offered").waitFor();
    await page.getByRole("form", { name: "Add a model" }).getByRole("combobox", { name: "Model" }).click();
    await page.getByRole("option", { name: "openai/gpt-4.1-nano" }).waitFor();
  },
  limits: async (page) => {
    await page.getByText("Unload the local model").scrollIntoViewIfNeeded();
  },
  hosts: async (page) => {
    await page.getByRole("button", { name: /api\.openai\.com/ }).click();
    await page.getByRole("list", { name: "api.openai.com: by day" }).waitFor();
  },
  requests: async (page) => {
    await page.getByText("Keep this list").scrollIntoViewIfNeeded();
  },
  contract: async (page) => {
    await page.getByRole("button", { name: "Check" }).scrollIntoViewIfNeeded();
  },
  wrong: async (page) => {
    await text(page).fill("# Mine\nversion = 2\nnam\n");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByRole("button", { name: "Go to line 3" }).click();
    await page.getByText("key with no value").scrollIntoViewIfNeeded();
  },
  tried: (page) => tried(page, "Write to ada@example.org that the parcel is here.", "Masked by"),
  refused: (page) => tried(page, "it is sk%2Dant%2Dabcdefgh", "Nothing would be sent."),
  keys: async (page) => {
    await page.getByRole("button", { name: "Change shortcut: Ask the assistant" }).click();
    await page.keyboard.press("Control+Shift+Space");
    await page.getByText(/These keys belong to/).waitFor();
  },
};
