// Keys and passwords: where they are kept and which are set. Values go in and never come back.
import { IconKey } from "@tabler/icons-react";
import { EmptyNote } from "../../components/EmptyNote";
import { Page, Row, Section } from "../../components/Page";
import type { Migration } from "../../ipc/bindings";
import { useSecrets } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { ForgetAll } from "./ForgetAll";
import { SecretRow } from "./SecretRow";
import { VaultSection } from "./VaultSection";

export function SecretsPage() {
  const texts = useTexts().secrets;
  const report = useSecrets();
  const { secrets, migration } = report;
  return (
    <Page title={texts.title}>
      <VaultSection report={report} />
      <Section title={texts.list} hint={texts.listHint}>
        {secrets.length === 0 ? <EmptyNote icon={IconKey} title={texts.emptyTitle} hint={texts.emptyHint} /> : null}
        {secrets.map((secret) => (
          <SecretRow key={secret.id} secret={secret} />
        ))}
      </Section>
      {migration === null ? null : <TakenOver migration={migration} />}
      <ForgetAll disabled={secrets.every(({ presence }) => presence === "unset")} />
    </Page>
  );
}

/** What was found in plain text at the start, and what became of it. */
function TakenOver({ migration }: { migration: Migration }) {
  const texts = useTexts().secrets.migration;
  return (
    <Section title={texts.title} hint={texts.hint}>
      {migration.moved.map(({ id, from }) => (
        <Row key={`${id} ${from}`} label={id} hint={from}>
          {texts.moved}
        </Row>
      ))}
      {migration.left.map(({ file, why }) => (
        <Row key={`${file} ${why}`} label={file} hint={why}>
          {texts.left}
        </Row>
      ))}
    </Section>
  );
}
