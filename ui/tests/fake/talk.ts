// What was talked about with the fake app: models as different as they come, and answers in every state.
import type { ConversationView, MessageView, ModelChoice, NoticeView } from "../../src/ipc/bindings";
import { message } from "./message";

const model = (change: Partial<ModelChoice> & Pick<ModelChoice, "id" | "label">): ModelChoice => ({
  provider: change.id.split("/")[0] ?? "",
  provider_label: "OpenAI",
  model: change.id.split("/")[1] ?? "",
  is_local: false,
  window: 128_000,
  vision: true,
  price: { input: 2.5, output: 10 },
  unavailable: null,
  retires: null,
  is_listed: null,
  is_default: false,
  ...change,
});

export const models: ModelChoice[] = [
  model({
    id: "local/smollm2",
    label: "SmolLM2 135M",
    provider_label: "On this machine",
    is_local: true,
    window: 8192,
    vision: false,
    price: null,
    is_default: true,
  }),
  model({ id: "openai/gpt-4o", label: "GPT-4o" }),
  model({ id: "openai/gpt-4o-mini", label: "GPT-4o mini", price: { input: 0.15, output: 0.6 } }),
  model({
    id: "anthropic/claude-sonnet",
    label: "Claude Sonnet",
    provider_label: "Anthropic",
    window: 200_000,
    price: { input: 3, output: 15 },
    unavailable: "There is no key for Anthropic.",
  }),
  model({
    id: "openrouter/unknown-8b",
    label: "Unknown 8B",
    provider_label: "OpenRouter",
    window: null,
    vision: null,
    price: null,
  }),
];

function notice(
  kind: NoticeView["kind"],
  target: string,
  code: string,
  sentence: string,
  onward: NoticeView["then"],
  to: string | null,
): NoticeView {
  // biome-ignore lint/suspicious/noThenProperty: the border calls it so, and nobody awaits a notice.
  return { kind, target, code, sentence, then: onward, to };
}

const PLAN = `Here is a plan that fits into three evenings.

## What to do first

1. **Measure** the shelf and the wall, twice.
2. Buy the boards: two of *80 × 25 cm* and one of 60 × 25 cm.
3. Mark the holes with a pencil and the spirit level:
   - the upper row at 140 cm
   - the lower row at 104 cm

| Part | Pieces | Price |
|---|:-:|--:|
| Pine board, 80 cm | 2 | 18.40 |
| Bracket, steel | 6 | 21.00 |
| Screws, 5 × 60 mm | 24 | 4.90 |

> Leave a gap of 5 mm to the wall: plaster is never straight.

The weight each bracket takes is easy to work out:

\`\`\`python
def load(books: int, brackets: int) -> float:
    """Kilograms on each bracket."""
    return books * 0.4 / brackets  # a book is about 400 g

print(f"{load(120, 6):.1f} kg")
\`\`\`

- [x] Measured
- [ ] Bought

See [the table of loads](https://example.org/loads) before you hang anything heavy, and use \`5 × 60 mm\` screws.`;

const SHELF: MessageView[] = [
  message({
    id: "s1",
    role: "user",
    text: "I want to hang a shelf for about 120 books this week. Make me a plan, with what to buy.",
    attachments: [
      { name: "wall.jpg", media_type: "image/jpeg", bytes: 1_840_000 },
      { name: "measurements.txt", media_type: "text/plain", bytes: 2300 },
    ],
  }),
  message({
    id: "s2",
    parent: "s1",
    role: "assistant",
    text: "Which wall is it?",
    provider: "local",
    model: "local/smollm2",
    tokens_in: 61,
    tokens_out: 5,
    cost: 0,
  }),
  message({
    id: "s3",
    parent: "s1",
    role: "assistant",
    text: PLAN,
    reasoning:
      "The person wants a plan. 120 books are about 48 kg, so each of six brackets takes eight.\n\nThree evenings are enough.",
    provider: "openai",
    model: "openai/gpt-4o",
    tokens_in: 1204,
    tokens_out: 312,
    cost: 0.0061,
    notices: [
      notice(
        "skipped",
        "anthropic/claude-sonnet",
        "TT-LLM-103",
        "There is no key for Anthropic.",
        "switched",
        "openai/gpt-4o",
      ),
    ],
  }),
  message({
    id: "s4",
    parent: "s3",
    role: "user",
    text: "And if the wall is hollow?",
    is_spoken: true,
  }),
  message({
    id: "s5",
    parent: "s4",
    role: "assistant",
    text: "Then ordinary screws will not hold. Use **hollow-wall anchors**, and put each bracket",
    state: "interrupted",
    finish: null,
    provider: "local",
    model: "local/smollm2",
    tokens_in: 1540,
    tokens_out: 21,
    cost: 0,
    can_continue: true,
    problem: {
      code: "TT-LLM-202",
      message: "The local language engine stopped in the middle of the answer.",
      advice: "It is started again by itself. Continue goes on where the answer was cut off.",
    },
    notices: [
      notice("failed", "openai/gpt-4o", "TT-LLM-130", "OpenAI is overloaded.", "again", null),
      notice("failed", "openai/gpt-4o", "TT-LLM-130", "OpenAI is overloaded.", "switched", "openrouter/unknown-8b"),
      notice(
        "failed",
        "openrouter/unknown-8b",
        "TT-LLM-120",
        "OpenRouter takes no more requests for the next 40 seconds.",
        "switched",
        "local/smollm2",
      ),
    ],
  }),
];

const LETTER: MessageView[] = [
  message({
    id: "l1",
    role: "user",
    text: "Write a short letter to my landlord: the heating has been cold since Monday.",
  }),
  message({
    id: "l2",
    parent: "l1",
    role: "assistant",
    text: "Dear Mrs Novak,\n\nthe heating in my flat has been cold since Monday, 16 November. Please send somebody to look at it this week; I am at home every day after four.\n\nKind regards",
    provider: "openai",
    model: "openai/gpt-4o-mini",
    tokens_in: 28,
    tokens_out: 49,
    cost: 0.00003,
    finish: "length",
    can_continue: true,
  }),
  message({ id: "l3", parent: "l2", role: "user", text: "Make it a little more urgent." }),
  message({
    id: "l4",
    parent: "l3",
    role: "assistant",
    text: "",
    state: "failed",
    finish: null,
    problem: {
      code: "TT-LLM-110",
      message: "The account at OpenAI has no money left.",
      advice: "Top it up, or choose another model.",
    },
  }),
];

const TITLES = [
  "Rust: lifetimes of a guard",
  "Names for a cat",
  "What the tenancy law says about heating in winter",
  "Soup for eight",
  "Trip to Ljubljana",
  "Regular expression for IBANs",
  "Birthday speech",
  "Why is the sky dark at night",
];

export function conversations(now: Date): ConversationView[] {
  const at = now.toISOString();
  const full: ConversationView[] = [
    {
      id: "shelf",
      title: "A shelf for 120 books",
      model: "openai/gpt-4o",
      system: "Answer briefly, in plain words. Use metric units.",
      leaf: "s5",
      messages: SHELF.map((one) => ({ ...one, created_at: at })),
    },
    { id: "letter", title: "Letter about the heating", model: null, system: null, leaf: "l4", messages: LETTER },
  ];
  const others = TITLES.map((title, index) => ({
    id: `t${index}`,
    title,
    model: null,
    system: null,
    leaf: `t${index}-2`,
    messages: [
      message({ id: `t${index}-1`, role: "user", text: `${title}?` }),
      message({ id: `t${index}-2`, parent: `t${index}-1`, role: "assistant", text: `About ${title}: it depends.` }),
    ],
  }));
  return [...full, ...others];
}
