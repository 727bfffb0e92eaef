// Measures the assistant's window in a real browser: how much work the main thread has in each frame while an answer
// streams into a conversation of 2,000 messages, whether a delta costs more the longer the conversation or the answer
// is, how long a typed letter takes to be seen, and whether the list scrolls smoothly. Prints one line of JSON; fails where a bar is missed.
//
//   npm run build && node tests/pictures/chat.mjs
import { chromium } from "playwright-core";
import { browserPath, bundledFake, serve } from "./stage.mjs";

const TOKENS_PER_S = 100;
/** The app's own pace (PACE in scribe.rs): what came meanwhile is one delta. */
const DELTA_EVERY_MS = 33;
const STREAM_S = 8;
const HISTORY = 2000;
/** A notch of a mouse's wheel, and how quickly a hand turns on. */
const WHEEL = 240;
const WHEEL_EVERY_MS = 16;
/** p95 of the main thread's work in a frame while words come and while the list is scrolled, and of a letter's way to the
 * screen, in ms. */
const BARS = { frame_p95_ms: 8, scroll_frame_p95_ms: 16.7, typing_p95_ms: 50 };

const server = await serve();
const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
const fake = await bundledFake();
const at = (values, part) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
const rounded = (value, digits = 2) => Number(value.toFixed(digits));

/** A window on a conversation of so many messages, whose last question is being answered. */
async function opened(messages) {
  const page = await browser.newPage({ viewport: { width: 900, height: 640 }, reducedMotion: "reduce" });
  await page.addInitScript(`window.longConversation = ${messages};`);
  await page.addInitScript(fake);
  await page.goto(`http://127.0.0.1:${server.address().port}/assistant.html#/long`);
  await page.getByRole("textbox", { name: "Message" }).fill("Go on");
  await page.keyboard.press("Enter");
  await page.getByText("Waiting for the first word").waitFor();
  return page;
}

/** Streams words for a while as the app sends them, `ahead` letters of answer being there before. */
async function streamed(page, seconds, ahead = 0) {
  return page.evaluate(
    async ({ seconds, pace, every, ahead }) => {
      const { assistant } = window.fakeApp;
      const id = assistant.view("long").messages.at(-1).id;
      const words = "Every shelf has **two** ends and `one` middle, which is\nwhere\n\nit\n- bends\n- first\n\n".split(
        /(?<=\s)/,
      );
      const paragraph = words.join("").repeat(40);
      for (let length = 0; length < ahead; length += paragraph.length) await window.growFast(id, paragraph);
      const begun = performance.now();
      let [sent, deltas] = [0, 0];
      while (performance.now() - begun < seconds * 1000) {
        const due = Math.floor(((performance.now() - begun) / 1000) * pace);
        const delta = [];
        for (; sent < due; sent += 1) delta.push(words[sent % words.length]);
        if (delta.length > 0) await window.growFast(id, delta.join(""));
        deltas += 1;
        const next = begun + deltas * every - performance.now();
        await new Promise((resolve) => setTimeout(resolve, next));
      }
      return { sent, deltas };
    },
    { seconds, pace: TOKENS_PER_S, every: DELTA_EVERY_MS, ahead },
  );
}

/** What the trace has once in each frame: where words come, the frame that asks for them; where only the list moves, nobody
 * asks for frames, and each ends with its commit. */
const MARKS = { stream: ["BeginMainThreadFrame", "FireAnimationFrame"], scroll: ["Commit"] };

/** Work of the page's main thread between two frames, in ms, from the browser's own trace. */
async function framesOf(page, marks, run) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", {
    categories: "toplevel,disabled-by-default-devtools.timeline,devtools.timeline",
    transferMode: "ReportEvents",
  });
  const result = await run();
  const done = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await done;
  const main = events.find(({ name }) => name === "FireAnimationFrame" || name === "FunctionCall");
  const own = events.filter(({ pid, tid }) => pid === main.pid && tid === main.tid);
  const frames = own.filter(({ name }) => marks.includes(name)).map(({ ts }) => ts);
  // Each task is there a second time, as ThreadControllerImpl::RunTask.
  const tasks = own.filter(({ name, ph }) => ph === "X" && name === "RunTask");
  const starts = [...new Set(frames)].toSorted((a, b) => a - b);
  const work = [];
  let task = 0;
  const sorted = tasks.toSorted((a, b) => a.ts - b.ts);
  for (let index = 1; index < starts.length; index += 1) {
    // Two marks of the same frame are microseconds apart.
    if (starts[index] - starts[index - 1] < 4000) continue;
    let sum = 0;
    while (task < sorted.length && sorted[task].ts < starts[index]) {
      sum += sorted[task].dur ?? 0;
      task += 1;
    }
    work.push(sum / 1000);
  }
  return { work, result };
}

/** Scrolls through the conversation as a hand at the wheel does. */
async function scrolled(page, seconds) {
  await page.mouse.move(600, 300);
  const far = () => page.evaluate(() => Math.max(...[...document.querySelectorAll("*")].map((one) => one.scrollTop)));
  const from = await far();
  const until = Date.now() + seconds * 1000;
  for (let turn = 0; Date.now() < until; turn += 1) {
    // Up, and now and then a bit back down.
    await page.mouse.wheel(0, turn % 40 < 30 ? -WHEEL : WHEEL);
    await new Promise((resolve) => setTimeout(resolve, WHEEL_EVERY_MS));
  }
  return Math.round(from - (await far()));
}

/** Milliseconds of the main thread per delta, over the whole of a stream. */
async function costOf(messages, ahead) {
  const page = await opened(messages);
  await streamed(page, 1, ahead);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () =>
    (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  const before = await busy();
  const { deltas } = await streamed(page, 3);
  const cost = ((await busy()) - before) / deltas;
  await page.close();
  return rounded(cost, 3);
}

/** From the key to the frame that shows its letter, while an answer streams. */
async function typing() {
  const page = await opened(HISTORY);
  const stream = streamed(page, 6);
  await page.evaluate(() => {
    window.lags = [];
    const field = document.querySelector("textarea");
    field.addEventListener("keydown", (event) => {
      const from = event.timeStamp;
      requestAnimationFrame(() => {
        const drawn = new MessageChannel();
        drawn.port1.onmessage = () => window.lags.push(performance.now() - from);
        drawn.port2.postMessage(null);
      });
    });
  });
  await page
    .getByRole("textbox", { name: "Message" })
    .pressSequentially("the quick brown fox jumps over the lazy dog ", { delay: 60 });
  await page.getByRole("textbox", { name: "Message" }).pressSequentially("and comes back again", { delay: 60 });
  const lags = await page.evaluate(() => window.lags);
  await stream;
  await page.close();
  return lags;
}

const long = await opened(HISTORY);
const { work: scroll, result: scrolledBy } = await framesOf(long, MARKS.scroll, () => scrolled(long, 6));
await long.close();
const page = await opened(HISTORY);
const { work, result } = await framesOf(page, MARKS.stream, () => streamed(page, STREAM_S));
const rows = await page.evaluate(() => document.querySelectorAll("article").length);
await page.close();
const history = { 10: await costOf(10, 0), 500: await costOf(500, 0), 2000: await costOf(2000, 0) };
const answer = { 0: history[2000], 20000: await costOf(2000, 20_000), 200000: await costOf(2000, 200_000) };
const lags = await typing();
const figures = {
  messages: HISTORY,
  tokens: result.sent,
  tokens_per_s: rounded(result.sent / STREAM_S, 1),
  frames: work.length,
  rows_in_page: rows,
  frame_p50_ms: rounded(at(work, 0.5)),
  frame_p95_ms: rounded(at(work, 0.95)),
  frame_max_ms: rounded(at(work, 1)),
  delta_ms_by_history: history,
  delta_ms_by_answer_letters: answer,
  scrolled_by_px: scrolledBy,
  scroll_frames: scroll.length,
  scroll_frame_p50_ms: rounded(at(scroll, 0.5)),
  scroll_frame_p95_ms: rounded(at(scroll, 0.95)),
  scroll_frame_max_ms: rounded(at(scroll, 1)),
  typing_p50_ms: rounded(at(lags, 0.5), 1),
  typing_p95_ms: rounded(at(lags, 0.95), 1),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
await browser.close();
server.close();
const missed = Object.entries(BARS).filter(([name, bar]) => figures[name] > bar);
if (missed.length > 0) {
  process.stdout.write(`missed: ${missed.map(([name, bar]) => `${name} > ${bar}`).join(", ")}\n`);
  process.exitCode = 1;
}
