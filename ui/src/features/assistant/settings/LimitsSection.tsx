// What answers may cost, how long they may be, and how long one waits for them.
import { AmountRow } from "../../../components/AmountRow";
import { Section } from "../../../components/Page";
import { useSettings, useSettingsPatch } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";

/** The app's own bounds, so that a number out of them is not sent at all. */
const LIMITS = [
  ["day_cents", "day", "budgetHint", "cents", 0, 1_000_000, 50],
  ["month_cents", "month", "budgetHint", "cents", 0, 10_000_000, 100],
  ["longest_answer", "longest", "longestHint", "tokens", 16, 200_000, 256],
  ["patience_s", "patience", "patienceHint", "seconds", 1, 600, 1],
  ["voice_patience_s", "voicePatience", "voicePatienceHint", "seconds", 1, 600, 1],
  ["unload_min", "unload", "unloadHint", "minutes", 0, 1440, 5],
] as const;

/** Room for "200,000 tokens". */
const WIDTH = 120;

export function LimitsSection() {
  const { common, assistantPage } = useTexts();
  const texts = assistantPage.limits;
  const { assistant } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={texts.title} hint={texts.hint}>
      {LIMITS.map(([name, label, hint, unit, min, max, step]) => (
        <AmountRow
          key={name}
          label={texts[label]}
          hint={texts[hint]}
          value={assistant[name]}
          min={min}
          max={max}
          step={step}
          width={WIDTH}
          unit={unit === "minutes" ? common.minutes : texts[unit]}
          onCommit={(value) => patch.mutate({ key: `assistant.${name}`, value })}
        />
      ))}
    </Section>
  );
}
