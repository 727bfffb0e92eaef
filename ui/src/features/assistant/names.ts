// What models are called, what they cost, and what became of those that were asked before.
import type { MessageView, ModelChoice, NoticeView } from "../../ipc/bindings";
import type { Texts } from "../../locales/en";
import type { Formats } from "../../locales/locale";

export function choiceOf(choices: readonly ModelChoice[], id: string | null): ModelChoice | undefined {
  return id === null ? undefined : choices.find((choice) => choice.id === id);
}

/** Who wrote this answer, as it is called in the list of models; else as the app calls it. */
export function writerOf({ provider, model }: MessageView, choices: readonly ModelChoice[]): ModelChoice | undefined {
  return choices.find(
    (choice) =>
      choice.id === model ||
      choice.id === `${provider}/${model}` ||
      (choice.provider === provider && choice.model === model),
  );
}

/** `SmolLM2`, or what is behind the slash of an id that is not in the list. */
export const nameOf = (choices: readonly ModelChoice[], id: string): string => choiceOf(choices, id)?.label ?? id;

export function writerName(message: MessageView, choices: readonly ModelChoice[], texts: Texts): string | undefined {
  const choice = writerOf(message, choices);
  if (!choice) return message.model ?? undefined;
  return choice.is_local ? texts.assistant.notices.local(choice.label) : choice.label;
}

/** The others that could not answer, each once. */
export function othersOf(notices: readonly NoticeView[], writer: string | undefined): string[] {
  return [...new Set(notices.map((notice) => notice.target))].filter((target) => target !== writer);
}

/** Less than this is said as "under". */
const SMALLEST = 0.0001;

/** "$0.0012", "free", "price unknown"; undefined before anything was spent. */
export function costWords(message: MessageView, texts: Texts, format: Formats): string | undefined {
  const words = texts.assistant.answer;
  if (message.tokens_out === null && message.cost === null) return undefined;
  if (message.cost === null) return words.unknownPrice;
  if (message.cost === 0) return words.free;
  const amount = message.cost < SMALLEST ? words.under(format.dollars(SMALLEST)) : format.dollars(message.cost);
  return message.is_estimated ? words.about(amount) : amount;
}
