// The contract on what may leave: which one is in force, its text, and a place to try it.
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { Confirm } from "../../components/Confirm";
import { Row, Section } from "../../components/Page";
import { ProblemNote } from "../../components/ProblemNote";
import { say } from "../../components/toasts";
import { client, problemOf } from "../../ipc/client";
import { CONTRACT_STALE, useContract } from "../../ipc/privacy";
import { useCommand, useSettings } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { Asked } from "./Asked";
import { ContractEditor } from "./ContractEditor";
import classes from "./Privacy.module.css";
import { TryOut } from "./TryOut";

export function ContractSection() {
  const texts = useTexts().privacy.contract;
  const { privacy } = useSettings();
  const asked = useContract();
  // One of the user's own that does not load any more has to be mended here, and nowhere else can it be.
  const broken = asked.isError && privacy.contract !== null ? privacy.contract : undefined;
  const text = broken ?? asked.data?.text;
  // Going back to the built-in one also lets go of what was being written.
  const [round, setRound] = useState(0);
  const onBack = () => setRound((before) => before + 1);
  return (
    <Section title={texts.title} hint={texts.hint}>
      {broken === undefined ? (
        <Asked query={asked}>
          {asked.data ? (
            <InForce
              name={texts.version(asked.data.name, asked.data.version)}
              from={asked.data.is_own ? texts.own : texts.builtIn}
              isOwn={asked.data.is_own}
              onBack={onBack}
            />
          ) : null}
        </Asked>
      ) : (
        <>
          <InForce name={texts.broken} from={texts.own} isOwn onBack={onBack} />
          <div className={classes.inset}>
            <ProblemNote problem={problemOf(asked.error)} />
          </div>
        </>
      )}
      {text === undefined ? null : <Written key={round} inForce={text} />}
    </Section>
  );
}

type InForceProps = { name: string; from: string; isOwn: boolean; onBack: () => void };

function InForce({ name, from, isOwn, onBack }: InForceProps) {
  const texts = useTexts().privacy.contract;
  const [asking, setAsking] = useState(false);
  const back = useCommand(
    () => client.settingsPatch({ key: "privacy.contract", value: null }),
    CONTRACT_STALE,
    () => {
      onBack();
      say(texts.backDone);
    },
  );
  return (
    <Row label={name} hint={from}>
      {isOwn ? (
        <Button variant="default" size="xs" loading={back.isPending} onClick={() => setAsking(true)}>
          {texts.back}
        </Button>
      ) : null}
      <Confirm
        opened={asking}
        title={texts.backTitle}
        body={texts.backBody}
        action={texts.back}
        onClose={() => setAsking(false)}
        onConfirm={() => back.mutate([])}
      />
    </Row>
  );
}

/** The text as it is being written; what is tried out below is this text, saved or not. */
function Written({ inForce }: { inForce: string }) {
  const [draft, setDraft] = useState<string | null>(null);
  // Once both are the same, the field follows what is in force again.
  useEffect(() => {
    if (draft === inForce) setDraft(null);
  }, [draft, inForce]);
  const text = draft ?? inForce;
  return (
    <>
      <ContractEditor inForce={inForce} draft={text} onChange={setDraft} />
      <TryOut contract={text} />
    </>
  );
}
