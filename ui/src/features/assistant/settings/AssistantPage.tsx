// How the assistant is set up: who is asked, in which order, for how much, and with which words before.
import type { PageProps } from "../../../app/pages";
import { Page } from "../../../components/Page";
import { useTexts } from "../../../locales/locale";
import { CleanUpSection } from "./CleanUpSection";
import { InstructionsSection } from "./InstructionsSection";
import { LimitsSection } from "./LimitsSection";
import { LocalSection } from "./LocalSection";
import { ModelsSection } from "./ModelsSection";
import { ProvidersSection } from "./ProvidersSection";

export function AssistantPage({ openPage }: PageProps) {
  const texts = useTexts().assistantPage;
  return (
    <Page title={texts.title}>
      <ModelsSection />
      <LocalSection />
      <ProvidersSection onOpenSecrets={() => openPage("secrets")} />
      <LimitsSection />
      <InstructionsSection />
      <CleanUpSection />
    </Page>
  );
}
