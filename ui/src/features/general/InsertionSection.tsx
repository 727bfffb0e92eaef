// How words get into the focused window, and how long to wait for it.
import { SegmentedControl } from "@mantine/core";
import { AmountRow } from "../../components/AmountRow";
import { Row, Section } from "../../components/Page";
import { SwitchRow } from "../../components/SwitchRow";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function InsertionSection() {
  const { general, common } = useTexts();
  const texts = general.insertion;
  const { insertion, dictation } = useSettings();
  const patch = useSettingsPatch();
  return (
    <Section title={texts.title}>
      <Row label={texts.method} hint={texts.methodHint}>
        <SegmentedControl
          aria-label={texts.method}
          value={insertion.method}
          onChange={(value) => patch.mutate({ key: "insertion.method", value })}
          data={[
            { value: "auto", label: texts.auto },
            { value: "paste", label: texts.paste },
            { value: "type", label: texts.type },
          ]}
        />
      </Row>
      <AmountRow
        label={texts.receipt}
        hint={texts.receiptHint}
        value={insertion.receipt_wait_ms}
        min={200}
        max={10000}
        step={100}
        unit={common.milliseconds}
        onCommit={(value) => patch.mutate({ key: "insertion.receipt_wait_ms", value })}
      />
      <AmountRow
        label={texts.modifier}
        hint={texts.modifierHint}
        value={insertion.modifier_wait_ms}
        min={0}
        max={10000}
        step={100}
        unit={common.milliseconds}
        onCommit={(value) => patch.mutate({ key: "insertion.modifier_wait_ms", value })}
      />
      <AmountRow
        label={texts.tail}
        hint={texts.tailHint}
        value={dictation.tail_ms}
        min={0}
        max={2000}
        step={50}
        unit={common.milliseconds}
        onCommit={(value) => patch.mutate({ key: "dictation.tail_ms", value })}
      />
      <SwitchRow
        label={texts.recovered}
        hint={texts.recoveredHint}
        checked={dictation.type_recovered}
        onChange={(value) => patch.mutate({ key: "dictation.type_recovered", value })}
      />
    </Section>
  );
}
