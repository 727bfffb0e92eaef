// What may be attached to a question, decided before anything is read; and the files as the app wants them.
import type { NewAttachment } from "../../ipc/bindings";
import type { Texts } from "../../locales/en";
import type { Formats } from "../../locales/locale";

export const MOST_ATTACHMENTS = 10;
/** 10 MB as people count them. */
export const MOST_BYTES = 10_000_000;
/** What is longer than this is no message any more: it goes along as a file. */
export const LONG_PASTE = 20_000;
export const MOST_LETTERS = 1_000_000;

const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/** Enough to tell a text from anything else. */
const LOOK_BYTES = 4096;

export type Attached = { id: number; file: File; isPicture: boolean };
export type Refused = "tooLarge" | "tooMany" | "kind" | "empty" | "unreadable";

/** Looks at one file; nothing but its beginning is read. */
export async function lookedAt(file: File): Promise<"picture" | "text" | Refused> {
  if (file.size === 0) return "empty";
  if (file.size > MOST_BYTES) return "tooLarge";
  if (PICTURES.includes(file.type)) return "picture";
  try {
    const bytes = new Uint8Array(await bytesOf(file.slice(0, LOOK_BYTES)));
    return isText(bytes) ? "text" : "kind";
  } catch {
    return "unreadable";
  }
}

/** UTF-8 without zero bytes; a letter that is cut at the end does not count against it. */
function isText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

export function refusal(why: Refused, name: string, texts: Texts, format: Formats): string {
  const words = texts.assistant.composer.refused;
  if (why === "tooMany") return words.tooMany(MOST_ATTACHMENTS);
  if (why === "tooLarge") return words.tooLarge(name, format.bytes(MOST_BYTES));
  return words[why](name);
}

/** The file as the app takes it. The browser does the work on a thread of its own. */
export async function encoded({ file, isPicture }: Attached): Promise<NewAttachment> {
  const address = await read<string>((reader) => reader.readAsDataURL(file));
  const media_type = isPicture || file.type.startsWith("text/") ? file.type : "text/plain";
  return { name: file.name, media_type, base64: address.slice(address.indexOf(",") + 1) };
}

const bytesOf = (blob: Blob): Promise<ArrayBuffer> => read<ArrayBuffer>((reader) => reader.readAsArrayBuffer(blob));

/** A file's text, as UTF-8. */
export const wordsOf = (file: File): Promise<string> => read<string>((reader) => reader.readAsText(file));

function read<T>(start: (reader: FileReader) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as T);
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    start(reader);
  });
}
