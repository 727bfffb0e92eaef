// Every request by itself, newest first, and how long that list is kept.
import { IconListDetails } from "@tabler/icons-react";
import { useMemo } from "react";
import { AmountRow } from "../../components/AmountRow";
import { EmptyNote } from "../../components/EmptyNote";
import { Section } from "../../components/Page";
import { useLedger } from "../../ipc/privacy";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { Asked } from "./Asked";
import { LedgerList } from "./LedgerList";
import classes from "./Privacy.module.css";

/** The app's own bound, so that a number out of it is not sent at all. */
const MOST_DAYS = 3650;

export function LedgerSection() {
  const texts = useTexts().privacy.ledger;
  const { privacy } = useSettings();
  const patch = useSettingsPatch();
  const asked = useLedger();
  const rows = useMemo(() => {
    const all = asked.data?.pages.flatMap((page) => page.rows) ?? [];
    // Older rows come after these, and a row says nothing that no other says: its place is what it is known by.
    return all.map((row, id) => ({ ...row, id }));
  }, [asked.data]);
  return (
    <Section title={texts.list}>
      <div className={classes.listed}>
        <Asked query={asked}>
          {rows.length === 0 ? (
            <EmptyNote icon={IconListDetails} title={texts.emptyTitle} hint={texts.emptyHint} />
          ) : (
            <LedgerList
              rows={rows}
              onEnd={() => {
                if (asked.hasNextPage && !asked.isFetching) void asked.fetchNextPage();
              }}
            />
          )}
        </Asked>
      </div>
      <AmountRow
        label={texts.keep}
        hint={texts.keepHint}
        value={privacy.ledger_days}
        min={0}
        max={MOST_DAYS}
        unit={texts.unit}
        onCommit={(value) => patch.mutate({ key: "privacy.ledger_days", value })}
      />
    </Section>
  );
}
