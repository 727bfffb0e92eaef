// The keys to hold, for dictation and for the assistant, and what counts as a tap.
import { AmountRow } from "../../components/AmountRow";
import { HotkeyRecorder } from "../../components/HotkeyRecorder";
import { Row, Section } from "../../components/Page";
import { ProblemNote } from "../../components/ProblemNote";
import { useSettings, useSettingsPatch, useSnapshot } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./General.module.css";

export function ShortcutSection() {
  const { general, common } = useTexts();
  const { hotkeys, dictation } = useSettings();
  const { hotkey_problem: problem, hotkeys_paused: paused } = useSnapshot();
  const patch = useSettingsPatch();
  return (
    <Section title={general.shortcut.title}>
      <Row label={general.shortcut.dictate} hint={paused ? general.shortcut.paused : general.shortcut.dictateHint}>
        <HotkeyRecorder
          name={general.shortcut.dictate}
          hotkey={hotkeys.dictate}
          taken={{ hotkey: hotkeys.assistant, name: general.shortcut.assistant }}
          onChange={(hotkey) => patch.mutate({ key: "hotkeys.dictate", value: hotkey })}
        />
      </Row>
      <Row label={general.shortcut.assistant} hint={general.shortcut.assistantHint}>
        <HotkeyRecorder
          name={general.shortcut.assistant}
          hotkey={hotkeys.assistant}
          taken={{ hotkey: hotkeys.dictate, name: general.shortcut.dictate }}
          onChange={(hotkey) => patch.mutate({ key: "hotkeys.assistant", value: hotkey })}
          onClear={() => patch.mutate({ key: "hotkeys.assistant", value: null })}
        />
      </Row>
      {problem ? (
        <div className={classes.inset}>
          <ProblemNote problem={problem} />
        </div>
      ) : null}
      <AmountRow
        label={general.shortcut.tap}
        hint={general.shortcut.tapHint}
        value={dictation.tap_ms}
        min={100}
        max={1000}
        step={50}
        unit={common.milliseconds}
        onCommit={(value) => patch.mutate({ key: "dictation.tap_ms", value })}
      />
      <AmountRow
        label={general.shortcut.longest}
        hint={general.shortcut.longestHint}
        value={dictation.longest_recording_min}
        min={1}
        max={480}
        step={10}
        unit={common.minutes}
        onCommit={(value) => patch.mutate({ key: "dictation.longest_recording_min", value })}
      />
    </Section>
  );
}
