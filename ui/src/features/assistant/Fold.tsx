// A quiet line that opens to more.
import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";
import classes from "./Fold.module.css";

export function Fold({ label, children }: { label: string; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <div>
      <UnstyledButton
        className={classes.line}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        data-open={isOpen || undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <IconChevronRight size={14} stroke={1.5} aria-hidden />
        <span className={classes.label} data-cut>
          {label}
        </span>
      </UnstyledButton>
      {isOpen ? (
        <div id={id} className={classes.more}>
          {children}
        </div>
      ) : null}
    </div>
  );
}
