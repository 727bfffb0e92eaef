// What went wrong with one worker, newest first, each with the last lines it said.
import { Button, Collapse, Skeleton, Timeline } from "@mantine/core";
import { useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { useNow } from "../../components/useNow";
import { problemOf } from "../../ipc/client";
import type { LogRow } from "../../ipc/workers";
import { useIncidents } from "../../ipc/workers";
import { useLocale } from "../../locales/locale";
import classes from "./Engines.module.css";
import { LastLines } from "./LastLines";

export function Incidents({ name }: { name: string }) {
  const { texts } = useLocale();
  const { incidents } = texts.engines;
  const asked = useIncidents(name);
  const rows = asked.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <div className={classes.incidents}>
      <h3>{incidents.title}</h3>
      {asked.isPending ? <Skeleton height={14} width="60%" radius="sm" mt={8} aria-busy /> : null}
      {asked.isError ? (
        <ProblemNote
          problem={problemOf(asked.error)}
          action={{ label: texts.common.tryAgain, run: () => void asked.refetch() }}
        />
      ) : null}
      {asked.isSuccess && rows.length === 0 ? <p className={classes.none}>{incidents.none}</p> : null}
      {rows.length > 0 ? (
        <Timeline bulletSize={8} lineWidth={1} color="gray" className={classes.timeline}>
          {rows.map((row) => (
            <Timeline.Item key={row.id} data-level={row.level}>
              <Incident row={row} />
            </Timeline.Item>
          ))}
        </Timeline>
      ) : null}
      {asked.hasNextPage ? (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          mt={8}
          loading={asked.isFetchingNextPage}
          onClick={() => void asked.fetchNextPage()}
        >
          {incidents.older}
        </Button>
      ) : null}
    </div>
  );
}

function Incident({ row }: { row: LogRow }) {
  const { texts, format } = useLocale();
  const { incidents } = texts.engines;
  const now = useNow(10_000);
  const [open, setOpen] = useState(false);
  const at = new Date(row.at_ms);
  return (
    <div>
      <div className={classes.incident}>
        <div className={classes.cause}>
          <span className={classes.causeText}>{row.text}</span>
          <span className={classes.causeWhen}>
            <time dateTime={at.toISOString()} title={format.moment(at)}>
              {format.ago(at, now)}
            </time>
            {"  ·  "}
            {incidents.run(row.incarnation)}
          </span>
        </div>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          aria-expanded={open}
          onClick={() => setOpen((was) => !was)}
        >
          {open ? incidents.hide : incidents.show}
        </Button>
      </div>
      <Collapse expanded={open} transitionDuration={120} keepMounted={false}>
        <LastLines row={row} />
      </Collapse>
    </div>
  );
}
