// One kind of secret: set or not, where and since when, and what can be done with it.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import { StatusDot } from "../../components/StatusDot";
import { useNow } from "../../components/useNow";
import type { Kept } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { type Locale, useLocale, wordFor } from "../../locales/locale";
import { SecretDialog } from "./SecretDialog";
import classes from "./Secrets.module.css";
import { toneOfSecret } from "./states";

export function SecretRow({ secret }: { secret: Kept }) {
  const locale = useLocale();
  const texts = locale.texts.secrets;
  const now = useNow(30_000);
  const [editing, setEditing] = useState(false);
  const set = secret.presence !== "unset";
  const facts = factsOf(secret, now, locale);
  return (
    <article className={classes.secret} aria-label={secret.label}>
      <div className={classes.text}>
        <div className={classes.name}>
          <h3>{secret.label}</h3>
          <StatusDot tone={toneOfSecret(secret.presence)} label={wordFor(texts.states, secret.presence)} />
        </div>
        <p className={classes.purpose}>{secret.purpose}</p>
        {facts.length > 0 ? (
          <p className={classes.facts}>
            {facts.map(([words, hint], index) => (
              <span key={words} title={hint}>
                {index === 0 ? "" : "  ·  "}
                {words}
              </span>
            ))}
          </p>
        ) : null}
      </div>
      <div className={classes.actions}>
        {secret.can_be_typed ? (
          <Button
            variant="default"
            size="xs"
            aria-label={texts.of(set ? texts.replace : texts.set, secret.label)}
            onClick={() => setEditing(true)}
          >
            {set ? texts.replace : texts.set}
          </Button>
        ) : null}
        {set ? <Clear secret={secret} /> : null}
      </div>
      <SecretDialog secret={secret} opened={editing} onClose={() => setEditing(false)} />
    </article>
  );
}

/** Each fact with its exact time, for the pointer. */
function factsOf(secret: Kept, now: Date, { texts, format }: Locale): [string, string | undefined][] {
  const { keptIn, changed, used, never, stores } = texts.secrets;
  if (secret.presence === "unset") return [];
  const timed = (words: (ago: string) => string, at: string): [string, string] => [
    words(format.ago(new Date(at), now)),
    format.moment(new Date(at)),
  ];
  const { place, set_at, used_at } = secret;
  const all: ([string, string | undefined] | null)[] = [
    place === null ? null : [keptIn(wordFor(stores, place)), undefined],
    set_at === null ? null : timed(changed, set_at),
    used_at === null ? [never, undefined] : timed(used, used_at),
  ];
  return all.filter((fact) => fact !== null);
}

function Clear({ secret }: { secret: Kept }) {
  const texts = useLocale().texts.secrets;
  const [asking, setAsking] = useState(false);
  const clear = useCommand(client.secretsClear, [queryKeys.secrets]);
  const label = texts.of(texts.clear, secret.label);
  return (
    <>
      <Tooltip label={texts.clear}>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={label} onClick={() => setAsking(true)}>
          <IconTrash size={18} stroke={1.5} />
        </ActionIcon>
      </Tooltip>
      <Confirm
        opened={asking}
        title={texts.clearTitle(secret.label)}
        body={texts.clearBody}
        action={texts.clear}
        onClose={() => setAsking(false)}
        onConfirm={() => clear.mutate([secret.id])}
      />
    </>
  );
}
