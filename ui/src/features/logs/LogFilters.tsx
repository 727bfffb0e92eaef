// The line above the log: which engine or the app itself, from which level on, which words; and beside the title: follow and copy.
import { Button, CloseButton, CopyButton, Group, SegmentedControl, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconSearch } from "@tabler/icons-react";
import { useId } from "react";
import { Picker } from "../../components/Picker";
import { APP } from "../../ipc/log";
import { useSnapshotIfKnown } from "../../ipc/queries";
import type { LogFilter, LogRow } from "../../ipc/workers";
import { useTexts } from "../../locales/locale";
import classes from "./Logs.module.css";
import { asText } from "./lines";

type Props = {
  filter: LogFilter;
  onFilter: (filter: LogFilter) => void;
};

/** Stand for "no filter" in the controls, which know only texts. */
const ALL = "";

export function LogFilters({ filter, onFilter }: Props) {
  const texts = useTexts().logs;
  const workers = useSnapshotIfKnown()?.workers ?? [];
  const engine = useId();
  const { all, info, warn, error } = texts.levels;
  return (
    <div className={classes.filters}>
      <label htmlFor={engine} className={classes.hidden}>
        {texts.engine}
      </label>
      <Picker
        id={engine}
        width={150}
        value={filter.worker ?? ALL}
        options={[
          { value: ALL, label: texts.allEngines },
          ...workers.map(({ name, title }) => ({ value: name, label: title })),
          { value: APP, label: texts.app.name },
        ]}
        onChange={(name) => onFilter({ ...filter, worker: name === ALL ? null : name })}
      />
      <SegmentedControl
        aria-label={texts.level}
        value={filter.level ?? "debug"}
        data={[
          { value: "debug", label: all },
          { value: "info", label: info },
          { value: "warn", label: warn },
          { value: "error", label: error },
        ]}
        onChange={(level) => onFilter({ ...filter, level: level === "debug" ? null : level })}
      />
      <TextInput
        type="search"
        size="xs"
        flex={1}
        aria-label={texts.search}
        placeholder={texts.search}
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
        leftSection={<IconSearch size={16} stroke={1.5} aria-hidden />}
        rightSection={
          filter.text === "" ? null : (
            <CloseButton size="sm" aria-label={texts.clear} onClick={() => onFilter({ ...filter, text: "" })} />
          )
        }
      />
    </div>
  );
}

type FollowProps = { following: boolean; onFollow: (on: boolean) => void; rows: LogRow[] };

/** Beside the title: whether new rows come by themselves, and a copy of those that are here. */
export function LogTools({ following, onFollow, rows }: FollowProps) {
  const texts = useTexts().logs;
  return (
    <Group gap="sm" wrap="nowrap">
      <Switch
        size="sm"
        label={texts.follow}
        checked={following}
        onChange={(event) => onFollow(event.currentTarget.checked)}
      />
      <CopyRows rows={rows} />
    </Group>
  );
}

function CopyRows({ rows }: { rows: LogRow[] }) {
  const texts = useTexts().logs;
  return (
    <CopyButton value={asText(rows)}>
      {({ copied, copy }) => (
        <Tooltip label={texts.copyHint}>
          <Button
            variant="default"
            size="xs"
            disabled={rows.length === 0}
            leftSection={
              copied ? (
                <IconCheck size={16} stroke={1.5} aria-hidden />
              ) : (
                <IconCopy size={16} stroke={1.5} aria-hidden />
              )
            }
            onClick={copy}
          >
            {copied ? texts.copied : texts.copy}
          </Button>
        </Tooltip>
      )}
    </CopyButton>
  );
}
