// What only the encrypted file has: a password, and a time after which it locks itself.
import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useId, useState } from "react";
import { AmountRow } from "../../components/AmountRow";
import { Row } from "../../components/Page";
import { ProblemNote } from "../../components/ProblemNote";
import type { VaultReport } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import { inPlace, queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { PasswordDialog } from "./PasswordDialog";
import classes from "./Secrets.module.css";
import { works } from "./states";

/** A day: whoever wants longer wants never. */
const LOCK_MAX_MIN = 1440;

export function FileRows({ report }: { report: VaultReport }) {
  const texts = useTexts().secrets.vault;
  const [changing, setChanging] = useState(false);
  const lock = useCommand(client.vaultLock, [queryKeys.secrets]);
  const choose = useCommand(client.vaultChoose, [queryKeys.secrets]);
  if (report.state === "file_locked") return <Unlock report={report} />;
  if (!works(report.state)) return null;
  return (
    <>
      <Row label={texts.password}>
        <Button variant="default" size="xs" onClick={() => setChanging(true)}>
          {texts.changePassword}
        </Button>
        <Button variant="default" size="xs" loading={lock.isPending} onClick={() => lock.mutate([])}>
          {texts.lock}
        </Button>
      </Row>
      <AmountRow
        label={texts.autoLock}
        hint={texts.autoLockHint}
        value={report.auto_lock_min}
        min={0}
        max={LOCK_MAX_MIN}
        unit={texts.minutes}
        onCommit={(minutes) =>
          choose.mutate([{ place: "file", password: null, understood: true, auto_lock_min: minutes }])
        }
      />
      <PasswordDialog opened={changing} onClose={() => setChanging(false)} />
    </>
  );
}

function Unlock({ report }: { report: VaultReport }) {
  const texts = useTexts().secrets.vault;
  const id = useId();
  const [password, setPassword] = useState("");
  const unlock = useCommand(client.vaultUnlock, [queryKeys.secrets], undefined, inPlace);
  const warnings = [
    report.wrong_passwords > 0 ? texts.wrong(report.wrong_passwords) : "",
    report.retry_in_s > 0 ? texts.wait(report.retry_in_s) : "",
  ].filter((part) => part !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (password === "" || unlock.isPending) return;
    unlock.mutate([password]);
    setPassword("");
  };
  return (
    <form onSubmit={submit} className={classes.unlock}>
      <Row label={texts.password} hint={warnings.join(" ")} labelFor={id}>
        <Group gap="xs" wrap="nowrap">
          <TextInput
            id={id}
            type="password"
            autoComplete="off"
            size="xs"
            w={180}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" disabled={password === ""} loading={unlock.isPending}>
            {texts.unlock}
          </Button>
        </Group>
      </Row>
      {unlock.isError ? (
        <div className={classes.problem}>
          <ProblemNote problem={problemOf(unlock.error)} />
        </div>
      ) : null}
    </form>
  );
}
