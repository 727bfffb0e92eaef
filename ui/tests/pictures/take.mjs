// Draws every page of the built window in a real browser, under the real content security policy, and keeps the
// pictures to be looked at. Fails on a policy violation, an error in the console, clipped or overflowing text, or
// anything axe finds, contrast included.
//
//   npm run build && npm run pictures -- FOLDER
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { outsideActs, outsideShots } from "./outside.mjs";
import { browserPath, bundledFake, serve, ui } from "./stage.mjs";

const folder = process.argv[2] ?? join(ui, "dist-pictures");
const only = process.argv[3];

const sizes = [
  [960, 680],
  [800, 560],
];
const shots = [];
for (const theme of ["light", "dark"])
  for (const size of sizes) {
    for (const page of ["general", "speech", "engines", "history", "secrets", "storage", "logs", "about"])
      shots.push({ page, theme, size, scene: "full" });
    shots.push({ page: "history", theme, size, scene: "full", act: "open" });
    shots.push({ page: "history", theme, size, scene: "full", act: "search" });
    shots.push({ page: "history", theme, size, scene: "full", act: "narrow" });
    shots.push({ page: "history", theme, size, scene: "full", act: "cancelled" });
    shots.push({ page: "general", theme, size, scene: "recording" });
    shots.push({ page: "speech", theme, size, scene: "full", act: "pick" });
    shots.push({ page: "general", theme, size, scene: "full", act: "record" });
    shots.push({ page: "general", theme, size, scene: "full", act: "reset" });
    shots.push({ page: "speech", theme, size, scene: "trouble", act: "bottom" });
    shots.push({ page: "speech", theme, size, scene: "trouble" });
    shots.push({ page: "general", theme, size, scene: "trouble" });
    shots.push({ page: "general", theme, size, scene: "full", act: "bottom" });
    shots.push({ page: "engines", theme, size, scene: "full", act: "lines" });
    for (const act of ["order", "own"]) shots.push({ page: "engines", theme, size, scene: "full", act });
    for (const scene of ["trouble", "empty", "error", "loading"]) shots.push({ page: "engines", theme, size, scene });
    for (const scene of ["empty", "error", "loading"]) shots.push({ page: "logs", theme, size, scene });
    shots.push({ page: "logs", theme, size, scene: "full", act: "incident" });
    for (const scene of ["trouble", "empty", "error", "loading"]) shots.push({ page: "secrets", theme, size, scene });
    for (const scene of ["empty", "error", "loading"]) shots.push({ page: "storage", theme, size, scene });
    shots.push({ page: "storage", theme, size, scene: "full", act: "check" });
    for (const act of ["replace", "move", "forget"]) shots.push({ page: "secrets", theme, size, scene: "full", act });
    shots.push({ page: "history", theme, size, scene: "empty" });
    shots.push({ page: "general", theme, size, scene: "empty" });
    shots.push({ page: "speech", theme, size, scene: "error" });
    shots.push({ page: "history", theme, size, scene: "loading" });
    shots.push({ page: "history", theme, size, scene: "full", act: "undo" });
    for (const act of ["activity", "statistics", "year", "export"])
      shots.push({ page: "history", theme, size, scene: "full", act });
    shots.push(...outsideShots.map((shot) => ({ scene: "full", ...shot, theme, size })));
  }
shots.push({ page: "history", theme: "light", size: sizes[0], scene: "million", act: "scroll" });
/** The assistant's window, at its usual size and at its smallest. */
const small = [
  [900, 640],
  [560, 480],
];
for (const theme of ["light", "dark"])
  for (const size of small) {
    const assistant = (more) => shots.push({ window: "assistant", page: "", theme, size, scene: "full", ...more });
    assistant({});
    for (const act of ["end", "top", "model", "streaming"]) assistant({ page: "shelf", act });
    for (const act of ["prompts", "attached"]) assistant({ act });
    assistant({ page: "letter" });
    for (const scene of ["empty", "error"]) assistant({ page: scene === "error" ? "shelf" : "", scene });
    if (size[0] > 700) {
      for (const act of ["found", "more", "edit", "notices"]) assistant({ page: "shelf", act });
      assistant({ page: "shelf", scene: "loading" });
    } else assistant({ page: "shelf", act: "list" });
  }
const everyPage = [
  "general",
  "speech",
  "assistant",
  "engines",
  "history",
  "secrets",
  "privacy",
  "storage",
  "logs",
  "about",
];
for (const language of ["de", "es"])
  for (const page of everyPage) shots.push({ page, theme: "light", size: [800, 560], scene: "full", language });
for (const language of ["de", "es"])
  for (const size of small)
    shots.push({ window: "assistant", page: "shelf", theme: "light", size, scene: "full", language });

const inConversation = (page) => page.getByRole("region", { name: "Conversation" });

const acts = {
  ...outsideActs,
  end: async (page) => {
    await page.getByText(/This answer was cut off/).waitFor();
  },
  top: async (page) => {
    await inConversation(page).evaluate((box) => box.scrollTo(0, 0));
    await page.getByText("Make me a plan").waitFor();
    await page.getByRole("button", { name: "Jump to the newest" }).waitFor();
  },
  model: async (page) => {
    await page.getByRole("combobox", { name: "Model" }).click();
    await page.getByRole("option", { name: /Claude Sonnet/ }).waitFor();
  },
  streaming: async (page) => {
    await page.getByRole("textbox", { name: "Message" }).fill("How do I find the studs?");
    await page.keyboard.press("Enter");
    await page.getByText("Waiting for the first word").waitFor();
    await page.evaluate(async () => {
      const { assistant } = window.fakeApp;
      const id = assistant.view("shelf").messages.at(-1).id;
      for (const text of [
        "Knock along the wall. Where it sounds **full**, there is a stud:\n\n```sh\n# every 60",
        " cm\nfor n in",
      ])
        await assistant.grow("shelf", id, text);
    });
    await page.getByText("# every 60 cm").waitFor();
  },
  prompts: async (page) => {
    await page.getByRole("button", { name: "System prompt: Default prompt" }).click();
    await page.getByRole("menuitem", { name: "Manage prompts" }).click();
    await page.getByRole("button", { name: "Add a prompt" }).waitFor();
  },
  attached: async (page) => {
    await page.locator("input[type=file][multiple]").setInputFiles([
      { name: "measurements of the wall.txt", mimeType: "text/plain", buffer: Buffer.from("140 cm") },
      { name: "wall.png", mimeType: "image/png", buffer: Buffer.from("x") },
      { name: "tool.bin", mimeType: "", buffer: Buffer.from([0, 1]) },
    ]);
    await page.getByText("tool.bin is neither").waitFor();
    await page.getByRole("textbox", { name: "Message" }).fill("What would you change?\nOne line more.");
  },
  found: async (page) => {
    await page.getByRole("searchbox").fill("brackets");
    await page.locator("mark").first().waitFor();
  },
  more: async (page) => {
    await page.getByRole("button", { name: "More for A shelf for 120 books" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).waitFor();
  },
  edit: async (page) => {
    await page.getByRole("button", { name: "Edit" }).last().click();
    await page.getByRole("textbox", { name: "Question" }).waitFor();
  },
  notices: async (page) => {
    await page.getByRole("button", { name: /after 2 others could not/ }).click();
    await page.getByText("TT-LLM-120").waitFor();
  },
  list: async (page) => {
    await page.getByRole("button", { name: "Show conversations" }).click();
    await page.getByRole("button", { name: /^Birthday speech/ }).waitFor();
  },
  order: async (page) => {
    await page.getByRole("button", { name: "Add", exact: true }).scrollIntoViewIfNeeded();
  },
  own: async (page) => {
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByLabel("Program", { exact: true }).fill("/opt/engine/serve");
  },
  activity: async (page) => {
    await page.getByText("Activity", { exact: true }).click();
    await page.getByText("Setting changed").first().waitFor();
  },
  statistics: async (page) => {
    await page.getByText("Statistics", { exact: true }).click();
    await page.locator(".recharts-bar-rectangle").first().waitFor();
  },
  year: async (page) => {
    await page.getByText("Statistics", { exact: true }).click();
    await page.getByText("12 months").click();
    await page.getByText("Words per week").waitFor();
    await page.locator(".recharts-bar-rectangle").first().waitFor();
  },
  export: async (page) => {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem").first().click();
    await page.getByRole("button", { name: "Show folder" }).waitFor();
  },
  open: async (page) => {
    await page.locator("li button").first().click();
    await page.getByRole("dialog").getByText("Key released").waitFor();
  },
  search: async (page) => {
    await page.getByRole("searchbox").fill("thursday");
    await page.locator("mark").first().waitFor();
  },
  narrow: async (page) => {
    await page.getByRole("button", { name: "State" }).click();
    await page.getByRole("menuitem", { name: "Kept, not inserted" }).click();
    await page.getByRole("button", { name: "Time" }).click();
    await page.getByRole("menuitem").last().waitFor();
  },
  cancelled: async (page) => {
    await page.getByRole("button", { name: /Cancelled/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Play" }).waitFor();
    await page.getByRole("button", { name: "Bring back" }).waitFor();
  },
  scroll: async (page) => {
    const frames = await page.evaluate(scrolled);
    process.stdout.write(`a million utterances, scrolled past ${frames.rows}: ${JSON.stringify(frames)}\n`);
    if (frames.median > SMOOTH_MS) throw new Error(`frames of ${frames.median} ms while scrolling`);
  },
  undo: async (page) => {
    await page.locator("li button").first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Undo" }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  },
  pick: async (page) => {
    await page.getByRole("combobox", { name: "Input" }).click();
    await page.getByRole("option").last().waitFor();
  },
  record: async (page) => {
    await page.getByRole("button", { name: "Change shortcut: Dictate" }).click();
    await page.keyboard.down("Control");
  },
  reset: async (page) => {
    await page.getByRole("button", { name: "Reset all settings" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).waitFor();
  },
  lines: async (page) => {
    await page.getByRole("button", { name: "Last lines" }).first().click();
    await page.getByText("Aborted").first().waitFor();
    await page.getByRole("button", { name: "Hide lines" }).scrollIntoViewIfNeeded();
  },
  incident: async (page) => {
    await page.getByRole("button", { name: /It crashed/ }).click();
    await page.getByRole("dialog").getByText("Standard error").waitFor();
  },
  replace: async (page) => {
    await page.getByRole("button", { name: "Replace: OpenAI key" }).click();
    await page.getByRole("textbox", { name: "Value" }).fill("sk-wrong");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The old value is still in place.").waitFor();
  },
  move: async (page) => {
    await page.getByRole("button", { name: "Move here: Encrypted file" }).click();
    await page.getByLabel("Password for the file").fill("one");
    await page.getByLabel("The same once more").fill("two");
    await page.getByText("The two are not the same.").waitFor();
  },
  forget: async (page) => {
    await page.getByRole("button", { name: "Forget everything" }).click();
    await page.getByRole("dialog").getByRole("textbox").waitFor();
  },
  check: async (page) => {
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByText("rowid 4311").waitFor();
    await page.getByRole("button", { name: "Tidy up" }).scrollIntoViewIfNeeded();
  },
  bottom: async (page) => {
    await page.evaluate(() => {
      for (const box of document.querySelectorAll("main *")) box.scrollTop = 1e6;
    });
  },
};

/** Two frames of a 60 Hz screen: what is slower than this in the middle is felt as stutter. */
const SMOOTH_MS = 34;

/** Scrolls the list a screen per frame for as long as it takes to load 20,000 rows, and how long the frames took. */
async function scrolled() {
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const box = document.querySelector("main ul").parentElement;
  const times = [];
  let last = await frame();
  while (box.scrollHeight < 20_000 * 60 && times.length < 6000) {
    box.scrollTop += box.clientHeight;
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  times.sort((a, b) => a - b);
  const at = (part) => Math.round(times[Math.floor(times.length * part)] ?? 0);
  return {
    rows: Math.round(box.scrollHeight / 60),
    frames: times.length,
    median: at(0.5),
    p95: at(0.95),
    worst: at(0.999),
  };
}

/** Text wider than its box, or a page wider than the window. */
const clipped = () =>
  [...document.querySelectorAll("main *, nav *")]
    .filter((box) => box.textContent !== "" && box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 1)
    .filter((box) => !["visible"].includes(getComputedStyle(box).overflowX) || box.tagName === "MAIN")
    // What is cut on purpose says so, and has another place where it is whole.
    .filter((box) => box.closest("[data-cut]") === null)
    .filter((box) => box.getAttribute("type") !== "search" && getComputedStyle(box).position !== "absolute")
    .map((box) => `${box.tagName}.${box.className}: ${box.textContent?.slice(0, 60)}`);

const server = await serve();
const address = `http://127.0.0.1:${server.address().port}`;
const fake = await bundledFake();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
mkdirSync(folder, { recursive: true });
const faults = [];
for (const { window: view, page: name, theme, size, scene, act, language = "en" } of shots) {
  const label = [
    view,
    name,
    scene === "full" ? "" : scene,
    act,
    language === "en" ? "" : language,
    theme,
    size.join("x"),
  ]
    .filter(Boolean)
    .join("-");
  if (only && !label.includes(only)) continue;
  const [width, height] = size;
  const context = await browser.newContext({
    viewport: { width, height },
    reducedMotion: "reduce",
    colorScheme: theme,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => {
    // React repeats in the console what a page's boundary caught; that is the point of the error scene.
    if (scene === "error" && message.text().includes("ProblemError")) return;
    if (["error", "warning"].includes(message.type())) faults.push(`${label}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${label}: ${error}`));
  await page.addInitScript(fake);
  // The app freezes it too; a library that writes to it would fail only there.
  await page.addInitScript("Object.freeze(Object.prototype)");
  const file = view === undefined ? "" : `${view}.html`;
  await page.goto(
    `${address}/${file}?scene=${scene}&theme=${theme}&language=${language}#${view === undefined ? "" : "/"}${name}`,
  );
  await page
    .locator(scene === "loading" ? "[aria-busy]" : "h1, [role=alert]")
    .first()
    .waitFor();
  if (scene !== "loading") {
    await page.locator("[aria-busy]").first().waitFor({ state: "detached" });
    // A part of the window that is loaded on demand shows a skeleton until it is there.
    await page.locator(".mantine-Skeleton-root").first().waitFor({ state: "detached" });
  }
  await page.evaluate(() => document.fonts.ready);
  // The picture of an act that failed says why; the others are still to be seen.
  await acts[act]?.(page).catch((error) => faults.push(`${label}: ${error}`));
  await page.waitForTimeout(150);
  await page.screenshot({ path: join(folder, `${label}.png`) });
  for (const fault of await page.evaluate(clipped)) faults.push(`${label}: clipped ${fault}`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const { id, nodes } of violations)
    for (const node of nodes) faults.push(`${label}: axe ${id} ${node.html} ${node.any[0]?.message ?? ""}`);
  await context.close();
}
await browser.close();
server.close();
process.stdout.write(`${[...new Set(faults)].join("\n")}\n${faults.length} faults, pictures in ${folder}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
