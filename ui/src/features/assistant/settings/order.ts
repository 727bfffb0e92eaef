// The order of models, with what is known of each: pure, tested as tables.
import type { ModelChoice, ModelEdit } from "../../../ipc/bindings";
import type { Texts } from "../../../locales/en";
import type { Formats } from "../../../locales/locale";

/** A model of the user's order; without a choice the app does not know it, or was not asked yet. */
export type Ordered = { id: string; name: string; choice: ModelChoice | undefined };

export function ordered(ids: readonly string[], choices: readonly ModelChoice[]): Ordered[] {
  return ids.map((id) => {
    const choice = choices.find((one) => one.id === id);
    return { id, name: choice?.label ?? id, choice };
  });
}

/** A day is written with its year when it is compared with this one. */
const LONG_AGO = new Date(0);

/** "On this machine · 8.2K tokens · free" */
export function factsOf(choice: ModelChoice, texts: Texts, format: Formats): string {
  const { provider_label, is_local, window, price, vision, retires, is_listed } = choice;
  const words = texts.assistant.model;
  const cost =
    price === null || price.input === null || price.output === null
      ? texts.assistant.answer.unknownPrice
      : words.price(format.dollars(price.input), format.dollars(price.output));
  const facts = [
    is_local ? texts.assistantPage.models.local : provider_label,
    window === null ? words.windowUnknown : words.window(format.rounded(window)),
    is_local ? texts.assistant.answer.free : cost,
    vision === true ? words.vision : "",
    retires === null ? "" : texts.assistantPage.models.retires(format.day(new Date(`${retires}T00:00`), LONG_AGO)),
    is_listed === false ? texts.assistantPage.models.unlisted : "",
  ];
  // A line that is too long breaks between two facts, not inside of one.
  const whole = facts.filter((fact) => fact !== "").map((fact) => fact.replaceAll(" ", "\u00a0"));
  return whole.join("\u00a0\u00a0·  ");
}

/** Whether it has a provider and a model: what is behind the first slash may hold more of them. */
export function isModelId(text: string): boolean {
  const slash = text.indexOf("/");
  return slash > 0 && slash < text.length - 1 && !/\s/.test(text);
}

/** The name with another provider in front; a model that was typed already stays. */
export function withProvider(text: string, provider: string): string {
  const slash = text.indexOf("/");
  return `${provider}/${slash < 0 ? text : text.slice(slash + 1)}`;
}

/** What stands in the fields of a model's price and window; nothing is an empty text. */
export type Draft = { input: number | string; output: number | string; window: number | string };

/** The draft as the app takes it; null where it says nothing, or only half of a price. */
export function editOf(model: string, draft: Draft): ModelEdit | null {
  const number = (value: number | string) => (typeof value === "number" && Number.isFinite(value) ? value : null);
  const [input, output, window] = [number(draft.input), number(draft.output), number(draft.window)];
  const hasHalf = (input === null) !== (output === null);
  const isEmpty = input === null && (window === null || window === 0);
  return hasHalf || isEmpty ? null : { model, input, output, window: window === 0 ? null : window };
}
