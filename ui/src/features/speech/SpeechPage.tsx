// What is heard with, and what turns it into words.
import { Page } from "../../components/Page";
import { useTexts } from "../../locales/locale";
import { EngineSection } from "./EngineSection";
import { LanguageSection } from "./LanguageSection";
import { MicrophoneSection } from "./MicrophoneSection";
import { ModelSection } from "./ModelSection";

export function SpeechPage() {
  const texts = useTexts();
  return (
    <Page title={texts.speech.title}>
      <MicrophoneSection />
      <ModelSection />
      <LanguageSection />
      <EngineSection />
    </Page>
  );
}
