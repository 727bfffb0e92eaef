// The try-out: hold the button, speak, and the words arrive in the box below by the same way they reach any window.
import { Button, Textarea, Title } from "@mantine/core";
import { IconMicrophone } from "@tabler/icons-react";
import { useEffect } from "react";
import { HoldButton } from "../../components/HoldButton";
import { Keys } from "../../components/Keys";
import type { Snapshot } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand, useSettings, useSnapshot } from "../../ipc/queries";
import { useLocale, wordFor } from "../../locales/locale";
import { releaseToText } from "../history/timings";
import classes from "./TryOut.module.css";

export function TryOut({ onOpenSpeech }: { onOpenSpeech: () => void }) {
  const { texts } = useLocale();
  const snapshot = useSnapshot();
  if (!snapshot.model.installed) return <NoModel onOpenSpeech={onOpenSpeech} />;
  const recording = snapshot.state === "recording";
  return (
    <section className={classes.card} aria-label={texts.general.tryLabel} data-recording={recording || undefined}>
      <div className={classes.top}>
        <Headline snapshot={snapshot} />
        <Hold snapshot={snapshot} />
      </div>
      <Box />
    </section>
  );
}

function NoModel({ onOpenSpeech }: { onOpenSpeech: () => void }) {
  const { general } = useLocale().texts;
  return (
    <section className={classes.card} aria-label={general.tryLabel}>
      <div className={classes.top}>
        <div className={classes.words}>
          <Title order={2} className={classes.title}>
            {general.ready.noModel}
          </Title>
          <p className={classes.hint}>{general.noModelHint}</p>
        </div>
        <Button size="md" onClick={onOpenSpeech}>
          {general.openSpeech}
        </Button>
      </div>
    </section>
  );
}

/** What is happening, and while speaking the words heard so far: settled ones in full, the rest lighter. */
function Headline({ snapshot }: { snapshot: Snapshot }) {
  const { texts, format } = useLocale();
  const { general } = texts;
  const { live, last, state } = snapshot;
  if (state === "recording") {
    const heard = live && (live.committed !== "" || live.tentative !== "");
    return (
      <div className={classes.words}>
        <p className={classes.hint}>
          {snapshot.hands_free ? general.handsFree : general.listening}{" "}
          {live ? `${format.number(Math.floor(live.elapsed_ms / 1000))} s` : ""}
        </p>
        <p className={classes.live} aria-live="polite">
          {heard ? live.committed : general.hearing} <span className={classes.tentative}>{live?.tentative}</span>
        </p>
      </div>
    );
  }
  if (state !== "idle")
    return (
      <div className={classes.words}>
        <Title order={2} className={classes.title}>
          {wordFor(general.working, state)}
        </Title>
      </div>
    );
  const took = last ? releaseToText(last.timings_ms) : undefined;
  return (
    <div className={classes.words}>
      <Title order={2} className={classes.title}>
        {general.ready.title}
      </Title>
      <Hint />
      {took === undefined ? null : <p className={classes.hint}>{general.lastTook(format.ms(took))}</p>}
    </div>
  );
}

/** The sentence with the shortcut drawn as keys where the translation put it. */
function Hint() {
  const { general } = useLocale().texts;
  const { hotkeys } = useSettings();
  const [before, after] = general.hint("\u0000").split("\u0000");
  return (
    <p className={classes.hint}>
      {before}
      <Keys hotkey={hotkeys.dictate} />
      {after}
    </p>
  );
}

function Hold({ snapshot }: { snapshot: Snapshot }) {
  const { general } = useLocale().texts;
  const press = useCommand(client.dictationPress);
  const release = useCommand(client.dictationRelease);
  const cancel = useCommand(client.dictationCancel);
  const recording = snapshot.state === "recording";
  const { mutate: cancelNow } = cancel;
  useEffect(() => {
    if (!recording) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") cancelNow([]);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [recording, cancelNow]);
  return (
    <HoldButton
      active={recording}
      icon={<IconMicrophone size={18} stroke={1.5} aria-hidden />}
      onPress={() => press.mutate([])}
      onRelease={() => {
        release.mutate([]);
        // The words go where the cursor is: into the box, as into any other window.
        document.getElementById(BOX)?.focus();
      }}
    >
      {snapshot.hands_free ? general.stop : recording ? general.holdActive : general.hold}
    </HoldButton>
  );
}

const BOX = "try-out-text";

function Box() {
  const { general } = useLocale().texts;
  return (
    <Textarea
      id={BOX}
      aria-label={general.tryLabel}
      placeholder={general.tryPlaceholder}
      rows={2}
      classNames={{ input: classes.box }}
    />
  );
}
