// Words inside of a block: bold, code, links. HTML is shown as it was typed, pictures are never fetched.
import { Anchor } from "@mantine/core";
import type { Token } from "marked";
import { Fragment, type ReactNode } from "react";
import { say } from "../../../components/toasts";
import { useTexts } from "../../../locales/locale";
import { decoded } from "./entities";
import classes from "./Markdown.module.css";

export function Inline({ tokens }: { tokens: readonly Token[] | undefined }) {
  return (
    <>
      {tokens?.map((token, index) => (
        <Fragment key={`${index} ${token.type}`}>{drawn(token)}</Fragment>
      ))}
    </>
  );
}

function drawn(token: Token): ReactNode {
  const inner = "tokens" in token && token.tokens ? <Inline tokens={token.tokens} /> : null;
  switch (token.type) {
    case "strong":
      return <strong>{inner}</strong>;
    case "em":
      return <em>{inner}</em>;
    case "del":
      return <del>{inner}</del>;
    case "codespan":
      return <code className={classes.inlineCode}>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      return <Address href={token.href}>{inner ?? token.text}</Address>;
    case "image":
      return <Address href={token.href}>{token.text === "" ? token.href : token.text}</Address>;
    case "escape":
      return token.text;
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw) ? <br /> : token.raw;
    case "text":
      return inner ?? decoded(token.raw);
    default:
      return inner ?? token.raw;
  }
}

/** Only what a browser or a mail program would open counts as an address. */
const ADDRESS = /^(https?|mailto):/i;

/** The window opens no pages: an address is shown in full and copied on a click. */
function Address({ href, children }: { href: unknown; children: ReactNode }) {
  const texts = useTexts().assistant.answer;
  if (typeof href !== "string" || !ADDRESS.test(href)) return children;
  return (
    <Anchor
      component="button"
      type="button"
      className={classes.address}
      title={texts.address(href)}
      onClick={() => void navigator.clipboard.writeText(href).then(() => say(texts.addressCopied))}
    >
      {children}
    </Anchor>
  );
}
