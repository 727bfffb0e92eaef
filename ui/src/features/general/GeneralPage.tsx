// The first page: is it ready, try it, and how it behaves.

import type { PageProps } from "../../app/pages";
import { Page } from "../../components/Page";
import { ProblemNote } from "../../components/ProblemNote";
import { client } from "../../ipc/client";
import { useCommand, useSnapshot } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { AppearanceSection } from "./AppearanceSection";
import { InsertionSection } from "./InsertionSection";
import { ResetSettings } from "./ResetSettings";
import { ShortcutSection } from "./ShortcutSection";
import { StartSection } from "./StartSection";
import { TryOut } from "./TryOut";

export function GeneralPage({ openPage }: PageProps) {
  const texts = useTexts();
  const { problem } = useSnapshot();
  const dismiss = useCommand(client.appDismiss);
  return (
    <Page title={texts.general.title}>
      <TryOut onOpenSpeech={() => openPage("speech")} />
      {problem ? (
        <ProblemNote problem={problem} action={{ label: texts.common.dismiss, run: () => dismiss.mutate([]) }} />
      ) : null}
      <ShortcutSection />
      <InsertionSection />
      <AppearanceSection />
      <StartSection />
      <ResetSettings />
    </Page>
  );
}
