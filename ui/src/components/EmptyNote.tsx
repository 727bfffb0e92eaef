// A place with nothing in it yet: what it is, and what to do first.
import { EmptyState } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import classes from "./EmptyNote.module.css";

export function EmptyNote({ icon: Icon, title, hint }: { icon: TablerIcon; title: string; hint: string }) {
  return (
    <EmptyState
      className={classes.root}
      size="sm"
      icon={<Icon size={28} stroke={1.5} aria-hidden />}
      title={title}
      description={hint}
    />
  );
}
