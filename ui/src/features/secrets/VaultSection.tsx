// Where secrets are kept: how that place is, what to do about it, and the other places there are.
import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { Row, Section } from "../../components/Page";
import { ProblemNote } from "../../components/ProblemNote";
import { StatusDot } from "../../components/StatusDot";
import type { Place, VaultReport } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useTexts, wordFor } from "../../locales/locale";
import { FileRows } from "./FileRows";
import { MoveDialog } from "./MoveDialog";
import classes from "./Secrets.module.css";
import { PLACES, toneOfVault, works } from "./states";

export function VaultSection({ report }: { report: VaultReport }) {
  const texts = useTexts().secrets;
  const [moving, setMoving] = useState<Place | null>(null);
  return (
    <Section title={texts.vault.title} hint={texts.vault.hint}>
      {report.problem === null ? null : (
        <div className={classes.problem}>
          <ProblemNote problem={report.problem} />
        </div>
      )}
      {report.exposed_at === null ? null : (
        <div className={classes.problem}>
          <Text size="sm" role="alert">
            {texts.vault.exposed(report.exposed_at.slice(0, 10))}
          </Text>
        </div>
      )}
      {PLACES.map((place) =>
        place === report.place ? (
          <InUse key={place} report={report} />
        ) : (
          <Row key={place} label={texts.places[place].label} hint={texts.places[place].protects}>
            <Button
              variant="default"
              size="xs"
              aria-label={texts.of(texts.vault.move, texts.places[place].label)}
              onClick={() => setMoving(place)}
            >
              {texts.vault.move}
            </Button>
          </Row>
        ),
      )}
      <MoveDialog place={moving} report={report} onClose={() => setMoving(null)} />
    </Section>
  );
}

/** The place in use: how it is, and what there is to do about that. */
function InUse({ report }: { report: VaultReport }) {
  const { places, vault: texts } = useTexts().secrets;
  const { label, protects } = places[report.place];
  // A locked keyring asks for its password itself; anything else is only looked at again.
  const open = useCommand(
    async () => (report.state === "locked" ? client.vaultUnlock(null) : null),
    [queryKeys.secrets],
  );
  const state = wordFor(texts.states, report.state);
  return (
    <>
      <Row label={label} hint={protects}>
        <span role="status">
          <StatusDot tone={toneOfVault(report.state)} label={`${texts.inUse}  ·  ${state}`} />
        </span>
        {works(report.state) || report.state === "file_locked" ? null : (
          <Button variant="default" size="xs" loading={open.isPending} onClick={() => open.mutate([])}>
            {report.state === "locked" ? texts.unlock : texts.again}
          </Button>
        )}
      </Row>
      {report.place === "file" ? <FileRows report={report} /> : null}
    </>
  );
}
