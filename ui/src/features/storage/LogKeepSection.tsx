// How much of what engines and the app write down is kept.
import { AmountRow } from "../../components/AmountRow";
import { Section } from "../../components/Page";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

/** The app's own bounds, so that a number out of them is not sent at all. */
const LIMITS = [
  ["files", "files", 1, 1_000],
  ["file_mb", "megabytes", 1, 1_000],
  ["days", "days", 1, 3_650],
  ["worker_mb", "megabytes", 8, 100_000],
  ["worker_days", "days", 1, 3_650],
  ["incident_days", "days", 1, 3_650],
] as const;

export function LogKeepSection() {
  const { logs } = useTexts().storage;
  const { logging } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={logs.title} hint={logs.hint}>
      {LIMITS.map(([name, unit, min, max]) => (
        <AmountRow
          key={name}
          label={logs.limits[name].label}
          hint={logs.limits[name].hint}
          value={logging[name]}
          min={min}
          max={max}
          unit={logs.units[unit]}
          onCommit={(value) => patch.mutate({ key: `logging.${name}`, value })}
        />
      ))}
    </Section>
  );
}
