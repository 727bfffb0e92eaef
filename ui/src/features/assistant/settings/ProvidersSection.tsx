// Who may be asked at all: what is on this machine always, anybody else where the user says so.
import { IconCloudOff } from "@tabler/icons-react";
import { EmptyNote } from "../../../components/EmptyNote";
import { Section } from "../../../components/Page";
import { SwitchRow } from "../../../components/SwitchRow";
import { TextRow } from "../../../components/TextRow";
import { usePresence, useProviders } from "../../../ipc/providers";
import { useSettings, useSettingsPatch } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";
import { ProviderRow } from "./ProviderRow";

export function ProvidersSection({ onOpenSecrets }: { onOpenSecrets: () => void }) {
  const texts = useTexts().assistantPage.providers;
  const providers = useProviders();
  const presence = usePresence();
  const { refresh_models: isRefreshed, models_address: address } = useSettings().assistant;
  const patch = useSettingsPatch();
  return (
    <Section title={texts.title} hint={texts.hint}>
      {providers.length === 0 ? (
        <EmptyNote icon={IconCloudOff} title={texts.emptyTitle} hint={texts.emptyHint} />
      ) : null}
      {providers.map((provider) => (
        <ProviderRow
          key={provider.id}
          provider={provider}
          presence={presence(provider.secret)}
          onOpenSecrets={onOpenSecrets}
        />
      ))}
      <SwitchRow
        label={texts.refresh}
        hint={texts.refreshHint}
        checked={isRefreshed}
        onChange={(value) => patch.mutate({ key: "assistant.refresh_models", value })}
      />
      {isRefreshed ? (
        <TextRow
          label={texts.list}
          hint={texts.listHint}
          value={address ?? ""}
          onCommit={(value) => patch.mutate({ key: "assistant.models_address", value: value === "" ? null : value })}
        />
      ) : null}
    </Section>
  );
}
