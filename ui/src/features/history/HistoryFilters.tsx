// The chips under the search field: when, in which state, by which engine, where to.
import { Button } from "@mantine/core";
import { FilterChip } from "../../components/FilterChip";
import { useSnapshotIfKnown } from "../../ipc/queries";
import { useTexts, wordFor } from "../../locales/locale";
import { type Chosen, isNarrowed, NOTHING_CHOSEN, ROUTES, SPANS, STATES } from "./filters";
import classes from "./History.module.css";

export function HistoryFilters({ chosen, onChange }: { chosen: Chosen; onChange: (chosen: Chosen) => void }) {
  const { history } = useTexts();
  const { filters } = history;
  const engines = (useSnapshotIfKnown()?.workers ?? []).filter((worker) => worker.kind === "speech");
  const named = (table: Record<string, string>, values: readonly string[]) =>
    values.map((value) => ({ value, label: wordFor(table, value) }));
  return (
    <div className={classes.chips}>
      <FilterChip
        name={filters.time}
        clear={filters.clear(filters.time)}
        value={chosen.span}
        options={SPANS.map((value) => ({ value, label: filters.spans[value] }))}
        onChange={(span) => onChange({ ...chosen, span })}
      />
      <FilterChip
        name={filters.state}
        clear={filters.clear(filters.state)}
        value={chosen.state}
        options={named(history.states, STATES)}
        onChange={(state) => onChange({ ...chosen, state })}
      />
      <FilterChip
        name={filters.route}
        clear={filters.clear(filters.route)}
        value={chosen.route}
        options={named(history.routes, ROUTES)}
        onChange={(route) => onChange({ ...chosen, route })}
      />
      <FilterChip
        name={filters.engine}
        clear={filters.clear(filters.engine)}
        value={chosen.engine}
        options={engines.map(({ name, title }) => ({ value: name, label: title }))}
        onChange={(engine) => onChange({ ...chosen, engine })}
      />
      {isNarrowed(chosen) ? (
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange(NOTHING_CHOSEN)}>
          {filters.clearAll}
        </Button>
      ) : null}
    </div>
  );
}
