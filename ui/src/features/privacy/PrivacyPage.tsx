// What leaves this machine: the switch that stops it, what did, and the rules on what may.
import { Page } from "../../components/Page";
import { useTexts } from "../../locales/locale";
import { ContractSection } from "./ContractSection";
import { HostsSection } from "./HostsSection";
import { LedgerSection } from "./LedgerSection";
import { OfflineSection } from "./OfflineSection";

export function PrivacyPage() {
  const texts = useTexts().privacy;
  return (
    <Page title={texts.title}>
      <OfflineSection />
      <HostsSection />
      <LedgerSection />
      <ContractSection />
    </Page>
  );
}
