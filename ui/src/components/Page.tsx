// The frame of a page: title, an optional action beside it, and one scrolling column.
import { Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Page.module.css";

type Props = { title: string; aside?: ReactNode; children: ReactNode };

export function Page({ title, aside, children }: Props) {
  return (
    <div className={classes.scroll}>
      <div className={classes.column}>
        <header className={classes.head}>
          <Title order={1}>{title}</Title>
          {aside}
        </header>
        {children}
      </div>
    </div>
  );
}

/** A titled card. `flush` leaves the padding to the rows inside. */
export function Section({ title, hint, children }: { title: string; hint?: string; children: ReactNode }) {
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.sectionHead}>
        <Title order={2}>{title}</Title>
        {hint ? <p className={classes.hint}>{hint}</p> : null}
      </div>
      <div className={classes.card}>{children}</div>
    </section>
  );
}

type RowProps = { label: ReactNode; hint?: ReactNode; labelFor?: string; children?: ReactNode };

/** One setting: what it is on the left, its control on the right. */
export function Row({ label, hint, labelFor, children }: RowProps) {
  return (
    <div className={classes.row}>
      <div className={classes.rowText}>
        {labelFor ? (
          <label htmlFor={labelFor} className={classes.label}>
            {label}
          </label>
        ) : (
          <span className={classes.label}>{label}</span>
        )}
        {hint ? <span className={classes.hint}>{hint}</span> : null}
      </div>
      <div className={classes.control}>{children}</div>
    </div>
  );
}
