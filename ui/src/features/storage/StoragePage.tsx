// What is kept on this machine, for how long, and the backups it can come back from.
import { Page } from "../../components/Page";
import { useStorage } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { BackupSection } from "./BackupSection";
import { CareSection } from "./CareSection";
import { KeepSection } from "./KeepSection";
import { LogKeepSection } from "./LogKeepSection";
import { SizeSection } from "./SizeSection";

export function StoragePage() {
  const texts = useTexts().storage;
  const storage = useStorage();
  return (
    <Page title={texts.title}>
      <SizeSection storage={storage} />
      <KeepSection />
      <LogKeepSection />
      <BackupSection backups={storage.backups} />
      <CareSection storage={storage} />
    </Page>
  );
}
