// One page's own waiting and failing: a skeleton until its data is there, and an error that stays inside the page.
import { QueryErrorResetBoundary } from "@tanstack/react-query";
import { Component, type ReactNode, Suspense } from "react";
import { useTexts } from "../locales/locale";
import { Page } from "./Page";
import { PageSkeleton } from "./PageSkeleton";
import { ProblemNote } from "./ProblemNote";
import type { ProblemShown } from "./ProblemText";

type ProblemOf = (error: unknown) => ProblemShown | undefined;
type Props = { title: string; problemOf: ProblemOf; children: ReactNode };

export function PageBoundary({ title, problemOf, children }: Props) {
  return (
    <QueryErrorResetBoundary>
      {({ reset }) => (
        <Catch title={title} problemOf={problemOf} onReset={reset}>
          <Suspense fallback={<PageSkeleton title={title} />}>{children}</Suspense>
        </Catch>
      )}
    </QueryErrorResetBoundary>
  );
}

type CatchProps = Props & { onReset: () => void };

class Catch extends Component<CatchProps, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { title, problemOf, onReset, children } = this.props;
    if (this.state.error === undefined) return children;
    const again = () => {
      onReset();
      this.setState({ error: undefined });
    };
    return <PageFailed title={title} problem={problemOf(this.state.error)} onAgain={again} />;
  }
}

type FailedProps = { title: string; problem: ProblemShown | undefined; onAgain: () => void };

function PageFailed({ title, problem, onAgain }: FailedProps) {
  const texts = useTexts();
  const { windowCode, windowMessage, windowAdvice } = texts.problem;
  const shown = problem ?? { code: windowCode, message: windowMessage, advice: windowAdvice };
  return (
    <Page title={title}>
      <ProblemNote problem={shown} action={{ label: texts.common.tryAgain, run: onAgain }} />
    </Page>
  );
}
