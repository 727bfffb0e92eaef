// The History page: what was said, what was done, and how much it was; one of the three at a time.
import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { useTexts } from "../../locales/locale";
import { ActivityView } from "./ActivityView";
import { EntriesView } from "./EntriesView";
import { StatisticsView } from "./StatisticsView";

const VIEWS = { entries: EntriesView, activity: ActivityView, statistics: StatisticsView };
type View = keyof typeof VIEWS;

export function HistoryPage() {
  const { views } = useTexts().history;
  const [view, setView] = useState<View>("entries");
  const Shown = VIEWS[view];
  const names: View[] = ["entries", "activity", "statistics"];
  return (
    <Shown
      switcher={
        <SegmentedControl
          size="xs"
          aria-label={views.label}
          value={view}
          data={names.map((value) => ({ value, label: views[value] }))}
          onChange={(chosen) => setView(chosen as View)}
        />
      }
    />
  );
}
