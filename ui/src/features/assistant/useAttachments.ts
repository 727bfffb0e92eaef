// The files that go with the next question, and why others do not.
import { useCallback, useRef, useState } from "react";
import type { ModelChoice } from "../../ipc/bindings";
import { useLocale } from "../../locales/locale";
import { type Attached, lookedAt, MOST_ATTACHMENTS, refusal } from "./attachments";

let lastId = 0;

export function useAttachments(first: Attached[], model: ModelChoice | undefined) {
  const { texts, format } = useLocale();
  const [attached, setAttached] = useState(first);
  const [refused, setRefused] = useState<string[]>([]);
  const count = useRef(first.length);
  count.current = attached.length;

  const add = useCallback(
    async (files: readonly File[]) => {
      const said: string[] = [];
      for (const file of files) {
        if (count.current >= MOST_ATTACHMENTS) {
          said.push(refusal("tooMany", file.name, texts, format));
          break;
        }
        // Two of these may run at once: the place is taken before the file is looked at.
        count.current += 1;
        const kind = await lookedAt(file);
        if (kind === "picture" && model?.vision === false) said.push(texts.assistant.composer.noVision(model.label));
        else if (kind === "picture" || kind === "text") {
          lastId += 1;
          const one = { id: lastId, file, isPicture: kind === "picture" };
          setAttached((now) => (now.length < MOST_ATTACHMENTS ? [...now, one] : now));
          continue;
        } else said.push(refusal(kind, file.name, texts, format));
        count.current -= 1;
      }
      setRefused([...new Set(said)]);
    },
    [model, texts, format],
  );
  const remove = useCallback((id: number) => {
    setAttached((now) => now.filter((one) => one.id !== id));
    setRefused([]);
  }, []);
  const clear = useCallback(() => {
    setAttached([]);
    setRefused([]);
  }, []);
  return { attached, refused, add, remove, clear };
}
