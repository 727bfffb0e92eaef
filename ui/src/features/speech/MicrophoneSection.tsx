// Which microphone, and whether it hears anything.
import { Button } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import { LevelMeter, type LevelMeterHandle } from "../../components/LevelMeter";
import { Row, Section } from "../../components/Page";
import { Picker } from "../../components/Picker";
import { ProblemNote } from "../../components/ProblemNote";
import { sayProblem } from "../../components/toasts";
import type { InputDevice } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import { useLevel } from "../../ipc/events";
import { useMicrophones, useSettings, useSettingsPatch } from "../../ipc/queries";
import type { Texts } from "../../locales/en";
import { useTexts } from "../../locales/locale";
import classes from "./Speech.module.css";

/** The picker cannot hold null; no device has an empty id. */
const DEFAULT = "";

export function MicrophoneSection() {
  const { speech, common } = useTexts();
  const texts = speech.microphone;
  const { microphone } = useSettings();
  const microphones = useMicrophones();
  const patch = useSettingsPatch();
  const id = useId();
  const devices = microphones.data ?? [];
  return (
    <Section title={texts.title}>
      {microphones.isError ? (
        <div className={classes.inset}>
          <ProblemNote
            problem={problemOf(microphones.error)}
            action={{ label: common.tryAgain, run: () => void microphones.refetch() }}
          />
        </div>
      ) : null}
      <Row
        label={texts.device}
        hint={microphones.isSuccess && devices.length === 0 ? texts.none : undefined}
        labelFor={id}
      >
        <Picker
          id={id}
          width={300}
          value={microphone.device ?? DEFAULT}
          options={choices(devices, microphone.device, texts)}
          onChange={(chosen) => patch.mutate({ key: "microphone.device", value: chosen === DEFAULT ? null : chosen })}
        />
      </Row>
      <LevelRow />
    </Section>
  );
}

/** Every device, the default first; a chosen one that is unplugged stays in the list and says so. */
function choices(devices: InputDevice[], chosen: string | null, texts: Texts["speech"]["microphone"]) {
  const usual = devices.find((device) => device.is_default);
  const gone = chosen !== null && !devices.some((device) => device.id === chosen);
  return [
    { value: DEFAULT, label: usual ? texts.defaultIs(usual.name) : texts.systemDefault },
    ...devices.map((device) => ({ value: device.id, label: device.name })),
    ...(gone ? [{ value: chosen, label: texts.gone(chosen) }] : []),
  ];
}

/** A level below this for SILENCE_MS counts as nothing heard: the noise floor of a connected microphone is above it. */
const SILENT_LEVEL = 0.003;
const SILENCE_MS = 2000;

function LevelRow() {
  const texts = useTexts().speech.microphone;
  const meter = useRef<LevelMeterHandle>(null);
  const { testing, silent, setTesting, hear } = useMicrophoneTest();
  useLevel((level) => {
    meter.current?.show(level);
    hear(level);
  });
  useEffect(() => {
    if (!testing) meter.current?.show(0);
  }, [testing]);
  const hint = testing ? (silent ? texts.silent : texts.speaking) : texts.testHint;
  return (
    <Row label={texts.level} hint={<span role="status">{hint}</span>}>
      <LevelMeter ref={meter} label={texts.level} />
      <Button variant="default" size="xs" onClick={() => setTesting(!testing)}>
        {testing ? texts.stopTest : texts.test}
      </Button>
    </Row>
  );
}

/** The microphone is open exactly as long as the test is on and this is on the screen. */
function useMicrophoneTest() {
  const [testing, setTesting] = useState(false);
  const [silent, setSilent] = useState(false);
  const heardAt = useRef(0);
  useEffect(() => {
    if (!testing) return;
    heardAt.current = performance.now();
    client.microphoneTest(true).catch((error: unknown) => {
      setTesting(false);
      sayProblem(problemOf(error));
    });
    const watch = setInterval(() => setSilent(performance.now() - heardAt.current > SILENCE_MS), 250);
    return () => {
      clearInterval(watch);
      setSilent(false);
      // The window may be going away; there is nobody left to tell.
      client.microphoneTest(false).catch(() => undefined);
    };
  }, [testing]);
  const hear = (level: number) => {
    if (level > SILENT_LEVEL) heardAt.current = performance.now();
  };
  return { testing, silent, setTesting, hear };
}
