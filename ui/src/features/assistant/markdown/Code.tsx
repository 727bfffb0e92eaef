// A piece of code: its language, a button that copies it, and colours once it is whole.
import { memo, useMemo } from "react";
import { useTexts } from "../../../locales/locale";
import { CopyButton } from "../CopyButton";
import { Pages } from "./Blocks";
import { coloured } from "./highlight";
import classes from "./Markdown.module.css";
import { allOf, type Paged } from "./paged";

type Props = { code: { language: string; pieces: Paged<string>; isOpen: boolean } };

export const Code = memo(function Code({ code }: Props) {
  const texts = useTexts().assistant.answer;
  const { language, pieces, isOpen } = code;
  const runs = useMemo(
    () => (isOpen || language === "" ? undefined : coloured(allOf(pieces).join(""), language)),
    [isOpen, language, pieces],
  );
  return (
    <figure className={classes.code}>
      <figcaption>
        <span>{language}</span>
        <CopyButton label={texts.copyCode} text={() => allOf(pieces).join("")} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the arrow keys. */}
      <pre tabIndex={0} data-cut>
        <code>
          {runs ? (
            runs.map(({ words, tone }, index) => (
              <span key={index.toString()} data-tone={tone || undefined}>
                {words}
              </span>
            ))
          ) : (
            <Pages pages={pieces} Each={Piece} />
          )}
        </code>
      </pre>
    </figure>
  );
});

/** Lines in a box of their own: a line more does not make the lines before be laid out again. */
const Piece = memo(function Piece({ item }: { item: string }) {
  return <span className={classes.lines}>{item.replace(/\n$/, "")}</span>;
});
