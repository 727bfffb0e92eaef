// The registry of pages: a page is in the sidebar, can be asked for by the tray, and is drawn because it is here.
import {
  IconCpu,
  IconDatabase,
  IconHistory,
  IconInfoCircle,
  IconKey,
  IconListDetails,
  IconMessageCircle,
  IconMicrophone,
  IconSettings,
  IconShieldLock,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { AboutPage } from "../features/about/AboutPage";
import { AssistantPage } from "../features/assistant/settings/AssistantPage";
import { EnginesPage } from "../features/engines/EnginesPage";
import { GeneralPage } from "../features/general/GeneralPage";
import { HistoryPage } from "../features/history/HistoryPage";
import { LogsPage } from "../features/logs/LogsPage";
import { PrivacyPage } from "../features/privacy/PrivacyPage";
import { SecretsPage } from "../features/secrets/SecretsPage";
import { SpeechPage } from "../features/speech/SpeechPage";
import { StoragePage } from "../features/storage/StoragePage";

export type PageProps = { openPage: (id: PageId) => void };
type PageEntry = { id: string; icon: TablerIcon; Page: ComponentType<PageProps> };

export const pages = [
  { id: "general", icon: IconSettings, Page: GeneralPage },
  { id: "speech", icon: IconMicrophone, Page: SpeechPage },
  { id: "assistant", icon: IconMessageCircle, Page: AssistantPage },
  { id: "engines", icon: IconCpu, Page: EnginesPage },
  { id: "history", icon: IconHistory, Page: HistoryPage },
  { id: "secrets", icon: IconKey, Page: SecretsPage },
  { id: "privacy", icon: IconShieldLock, Page: PrivacyPage },
  { id: "storage", icon: IconDatabase, Page: StoragePage },
  { id: "logs", icon: IconListDetails, Page: LogsPage },
  { id: "about", icon: IconInfoCircle, Page: AboutPage },
] as const satisfies readonly PageEntry[];

export type PageId = (typeof pages)[number]["id"];

/** The page called `name`, or the first one: a name from outside never leaves the window blank. */
export function pageNamed(name: string): (typeof pages)[number] {
  const wanted = name.replace(/^#?\/?/, "").toLowerCase();
  return pages.find((page) => page.id === wanted) ?? pages[0];
}
