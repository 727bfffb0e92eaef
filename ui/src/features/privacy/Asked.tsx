// A part of the page that waits and fails by itself: the switch above it works whatever becomes of the list.
import type { ReactNode } from "react";
import { SkeletonRows } from "../../components/PageSkeleton";
import { ProblemNote } from "../../components/ProblemNote";
import { problemOf } from "../../ipc/client";
import { useTexts } from "../../locales/locale";
import classes from "./Privacy.module.css";

type Query = { isPending: boolean; isError: boolean; error: unknown; refetch: () => unknown };

export function Asked({ query, children }: { query: Query; children: ReactNode }) {
  const { common } = useTexts();
  if (query.isPending)
    return (
      <div className={classes.waiting}>
        <SkeletonRows />
      </div>
    );
  if (query.isError)
    return (
      <div className={classes.inset}>
        <ProblemNote
          problem={problemOf(query.error)}
          action={{ label: common.tryAgain, run: () => void query.refetch() }}
        />
      </div>
    );
  return children;
}
