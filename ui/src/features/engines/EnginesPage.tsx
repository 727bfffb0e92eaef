// Every worker: how it is, why, what it uses and what happened to it; then which of them are to run, in which order.
import { IconCpu } from "@tabler/icons-react";
import { EmptyNote } from "../../components/EmptyNote";
import { Page } from "../../components/Page";
import { useSnapshot } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { OrderSection } from "./OrderSection";
import { OwnSection } from "./OwnSection";
import { PathsSection } from "./PathsSection";
import { WorkerCard } from "./WorkerCard";

export function EnginesPage() {
  const texts = useTexts().engines;
  const { workers } = useSnapshot();
  return (
    <Page title={texts.title}>
      {workers.length === 0 ? <EmptyNote icon={IconCpu} title={texts.emptyTitle} hint={texts.emptyHint} /> : null}
      {workers.map((worker) => (
        <WorkerCard key={worker.name} worker={worker} />
      ))}
      <OrderSection />
      <OwnSection />
      <PathsSection />
    </Page>
  );
}
