// How long texts, recordings and activity are kept; 0 is without a limit.
import { AmountRow } from "../../components/AmountRow";
import { Section } from "../../components/Page";
import { SwitchRow } from "../../components/SwitchRow";
import type { Storage } from "../../ipc/bindings";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

type Limit = { [Key in keyof Storage]: Storage[Key] extends number ? Key : never }[keyof Storage];

/** The app's own bounds, so that a number out of them is not sent at all. */
const LIMITS: [Limit, "days" | "count" | "recordings" | "notes" | "megabytes" | "hours", number][] = [
  ["text_days", "days", 36_500],
  ["text_count", "count", 100_000_000],
  ["text_mb", "megabytes", 1_000_000],
  ["audio_days", "days", 36_500],
  ["audio_count", "recordings", 100_000_000],
  ["audio_mb", "megabytes", 10_000_000],
  ["activity_days", "days", 36_500],
  ["activity_count", "notes", 100_000_000],
  ["activity_mb", "megabytes", 1_000_000],
  ["cancelled_hours", "hours", 8760],
];

export function KeepSection() {
  const { keep } = useTexts().storage;
  const { storage } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={keep.title} hint={keep.hint}>
      <SwitchRow
        label={keep.text}
        hint={keep.textHint}
        checked={storage.keep_text}
        onChange={(value) => patch.mutate({ key: "storage.keep_text", value })}
      />
      <SwitchRow
        label={keep.encrypt}
        hint={keep.encryptHint}
        checked={storage.encrypt_audio}
        onChange={(value) => patch.mutate({ key: "storage.encrypt_audio", value })}
      />
      {LIMITS.map(([name, unit, max]) => (
        <AmountRow
          key={name}
          label={keep.limits[name].label}
          hint={keep.limits[name].hint}
          value={storage[name]}
          min={0}
          max={max}
          unit={keep.units[unit]}
          onCommit={(value) => patch.mutate({ key: `storage.${name}`, value })}
        />
      ))}
    </Section>
  );
}
