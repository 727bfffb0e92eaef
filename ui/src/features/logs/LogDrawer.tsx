// One row opened: the whole text, and for an incident what the worker said around it.
import { Button, Code, CopyButton, Drawer } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { StatusDot } from "../../components/StatusDot";
import type { LogRow } from "../../ipc/workers";
import { useLocale, wordFor } from "../../locales/locale";
import { LastLines } from "../engines/LastLines";
import { toneOfLevel } from "../engines/states";
import classes from "./Logs.module.css";
import { asLine } from "./lines";

export function LogDrawer({ row, onClose }: { row: LogRow | null; onClose: () => void }) {
  const { texts, format } = useLocale();
  // The closing drawer still shows what it showed.
  const [shown, setShown] = useState(row);
  useEffect(() => {
    if (row !== null) setShown(row);
  }, [row]);
  return (
    <Drawer
      opened={row !== null}
      onClose={onClose}
      position="right"
      size={460}
      title={shown === null ? texts.logs.row : format.moment(new Date(shown.at_ms))}
      classNames={{ title: classes.drawerTitle, content: classes.drawer, header: classes.drawer }}
    >
      {shown === null ? null : <Opened row={shown} />}
    </Drawer>
  );
}

function Opened({ row }: { row: LogRow }) {
  const { logs, engines } = useLocale().texts;
  const run = row.incarnation > 0 ? [engines.incidents.run(row.incarnation)] : [];
  const facts = [wordFor(logs.kinds, row.kind), row.worker, ...run];
  return (
    <div className={classes.opened}>
      <div className={classes.openedHead}>
        <StatusDot tone={toneOfLevel(row.level)} label={wordFor(logs.levelOf, row.level)} />
        <span className={classes.openedFacts}>{facts.join("  ·  ")}</span>
        <CopyButton value={asLine(row)}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              size="xs"
              ml="auto"
              aria-label={logs.copyRow}
              leftSection={
                copied ? (
                  <IconCheck size={16} stroke={1.5} aria-hidden />
                ) : (
                  <IconCopy size={16} stroke={1.5} aria-hidden />
                )
              }
              onClick={copy}
            >
              {copied ? logs.copied : logs.copy}
            </Button>
          )}
        </CopyButton>
      </div>
      <Code block className={classes.whole}>
        {row.text}
      </Code>
      {row.kind === "incident" ? <LastLines row={row} /> : null}
    </div>
  );
}
