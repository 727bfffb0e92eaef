// The chips under the search field: when, in which state, by which engine, where to.
import { Button } from "@mantine/core";
import { FilterChip } from "../../components/FilterChip";
import { useSnapshotIfKnown } from "../../ipc/queries";
import { useTexts, wordFor } from "../../locales/locale";
import { type Chosen, isNarrowed, NOTHING_CHOSEN, type People, ROUTES, SPANS, STATES } from "./filters";
import classes from "./History.module.css";

type Props = { chosen: Chosen; people: People; onChange: (chosen: Chosen) => void };

export function HistoryFilters({ chosen, people, onChange }: Props) {
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
      <Person
        name={filters.profile}
        names={people.profiles}
        value={chosen.profile}
        onChange={(profile) => onChange({ ...chosen, profile })}
      />
      <Person
        name={filters.speaker}
        names={people.speakers}
        value={chosen.speaker}
        onChange={(speaker) => onChange({ ...chosen, speaker })}
      />
      {isNarrowed(chosen) ? (
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange(NOTHING_CHOSEN)}>
          {filters.clearAll}
        </Button>
      ) : null}
    </div>
  );
}

type PersonProps = { name: string; names: string[]; value: string | null; onChange: (value: string | null) => void };

/** Only where there is somebody to choose. */
function Person({ name, names, value, onChange }: PersonProps) {
  const { filters } = useTexts().history;
  const all = value === null || names.includes(value) ? names : [value, ...names];
  if (all.length === 0) return null;
  const options = all.map((one) => ({ value: one, label: one }));
  return <FilterChip name={name} clear={filters.clear(name)} value={value} options={options} onChange={onChange} />;
}
