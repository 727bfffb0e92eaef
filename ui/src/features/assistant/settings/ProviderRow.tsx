// One provider: how it is, whether it may be asked, its address, and a test that says what it really answered.
import { ActionIcon, Button, Switch } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { ProblemNote } from "../../../components/ProblemNote";
import { StatusDot } from "../../../components/StatusDot";
import { useNow } from "../../../components/useNow";
import type { Presence, ProviderTested, ProviderView } from "../../../ipc/bindings";
import { problemOf } from "../../../ipc/client";
import { useProviderTest } from "../../../ipc/providers";
import { useSettings, useSettingsPatch } from "../../../ipc/queries";
import { useLocale, useTexts } from "../../../locales/locale";
import { AddressForm } from "./AddressForm";
import { stateOf, toneOf } from "./providers";
import classes from "./Settings.module.css";

type Props = { provider: ProviderView; presence: Presence | undefined; onOpenSecrets: () => void };

export function ProviderRow({ provider, presence, onOpenSecrets }: Props) {
  const texts = useTexts().assistantPage.providers;
  const { label } = provider;
  const { providers } = useSettings().assistant;
  // By the settings, which change at once; what the app says of it follows a moment later.
  const isOn = provider.is_local || providers.includes(provider.id);
  const state = stateOf(provider, isOn, presence);
  const [isEditing, setEditing] = useState(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const edited = () => {
    setEditing(false);
    pencil.current?.focus();
  };
  const [tested, setTested] = useState<ProviderTested | null>(null);
  const test = useProviderTest(setTested);
  return (
    <article className={classes.provider} aria-label={label}>
      <div className={classes.item}>
        <Naming provider={provider} isOn={isOn} state={state} />
        <div className={classes.steps}>
          {state === "no_key" ? (
            <Button variant="default" size="xs" aria-label={texts.keyOf(label)} onClick={onOpenSecrets}>
              {texts.key}
            </Button>
          ) : null}
          <Button
            variant="default"
            size="xs"
            aria-label={texts.testOf(label)}
            loading={test.isPending}
            onClick={() => test.mutate([provider.id])}
          >
            {texts.test}
          </Button>
          <ActionIcon
            ref={pencil}
            variant="subtle"
            color="gray"
            size={30}
            aria-label={texts.addressOf(label)}
            title={texts.address}
            aria-expanded={isEditing}
            onClick={() => setEditing(!isEditing)}
          >
            <IconPencil size={18} stroke={1.5} />
          </ActionIcon>
          <Allow provider={provider} isOn={isOn} />
        </div>
      </div>
      {isEditing ? <AddressForm provider={provider} onDone={edited} /> : null}
      <div className={classes.answer} role="status">
        {test.isSuccess && tested ? <Answer models={tested.models} /> : null}
      </div>
      {test.isError ? (
        <div className={classes.answer}>
          <ProblemNote problem={problemOf(test.error)} />
        </div>
      ) : null}
    </article>
  );
}

type NamingProps = { provider: ProviderView; isOn: boolean; state: ReturnType<typeof stateOf> };

function Naming({ provider, isOn, state }: NamingProps) {
  const { texts: all, format } = useLocale();
  const texts = all.assistantPage.providers;
  const { label, host, is_local, unavailable, asked } = provider;
  const now = useNow(30_000);
  // What it lacks is said by the word beside its name already; its host stays where it was.
  const where = host === null && !is_local ? (isOn ? null : texts.states.no_address) : host;
  const ago = asked === null ? null : texts.asked(format.ago(new Date(asked.at), now), asked.code);
  const facts = [where, is_local ? texts.here : null, ago].filter((part) => part !== null).join(", ");
  return (
    <div className={classes.text}>
      <div className={classes.name}>
        <h3>{label}</h3>
        <StatusDot tone={toneOf(state)} label={texts.states[state]} />
      </div>
      {isOn && unavailable !== null ? <p className={classes.reason}>{unavailable}</p> : null}
      {facts === "" ? null : <p className={classes.facts}>{facts}</p>}
    </div>
  );
}

/** Nothing is to be allowed on this machine; an empty place keeps the buttons of all rows under each other. */
function Allow({ provider: { id, label, is_local }, isOn }: { provider: ProviderView; isOn: boolean }) {
  const texts = useTexts().assistantPage.providers;
  const { providers } = useSettings().assistant;
  const patch = useSettingsPatch();
  if (is_local) return <span className={classes.noSwitch} />;
  const save = (allowed: boolean) =>
    patch.mutate({
      key: "assistant.providers",
      value: allowed ? [...providers, id] : providers.filter((other) => other !== id),
    });
  return (
    <Switch
      size="sm"
      aria-label={texts.allow(label)}
      checked={isOn}
      onChange={(event) => save(event.currentTarget.checked)}
    />
  );
}

/** Names shown of a list that may have hundreds. */
const FEW = 8;

function Answer({ models }: { models: string[] | null }) {
  const { texts, format } = useLocale();
  const words = texts.assistantPage.providers;
  const count = models?.length ?? 0;
  if (models === null || count === 0) return <StatusDot tone="good" label={words.answeredPlain} />;
  const more = count - FEW;
  const names = models.slice(0, FEW).join(", ");
  return (
    <>
      <StatusDot tone="good" label={count === 1 ? words.answeredOne : words.answered(format.number(count))} />
      <p className={classes.names}>
        <span className={classes.ids}>{names}</span> {more > 0 ? words.others(format.number(more)) : ""}
      </p>
    </>
  );
}
