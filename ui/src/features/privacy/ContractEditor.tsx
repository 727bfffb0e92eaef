// The text of a contract. It is saved only as it was checked: a change after that has to be checked again.
import { Button, Group, Text, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { StatusDot } from "../../components/StatusDot";
import { say } from "../../components/toasts";
import { client, type Problem, problemOf } from "../../ipc/client";
import { CONTRACT_STALE } from "../../ipc/privacy";
import { inPlace, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./Privacy.module.css";
import { placeIn, splitSentence, type TextPlace } from "./place";

type Props = { inForce: string; draft: string; onChange: (text: string) => void };

export function ContractEditor({ inForce, draft, onChange }: Props) {
  const texts = useTexts().privacy.contract;
  const field = useRef<HTMLTextAreaElement>(null);
  const [sound, setSound] = useState<string | null>(null);
  const check = useCommand(
    (text: string) => client.contractCheck(text),
    [],
    ([text]) => setSound(text),
    inPlace,
  );
  const save = useCommand(
    (text: string) => client.settingsPatch({ key: "privacy.contract", value: text }),
    CONTRACT_STALE,
    () => say(texts.saved),
    inPlace,
  );
  const isChanged = draft !== inForce;
  const change = (text: string) => {
    check.reset();
    save.reset();
    onChange(text);
  };
  const failed = check.isError ? check : save.isError ? save : undefined;
  return (
    <div className={classes.editor}>
      <Textarea
        ref={field}
        aria-label={texts.text}
        classNames={{ input: classes.code }}
        rows={16}
        wrap="off"
        data-cut
        spellCheck={false}
        value={draft}
        onChange={(event) => change(event.currentTarget.value)}
      />
      <Group gap="xs" justify="space-between">
        <div role="status" className={classes.verdict}>
          {sound === draft ? (
            <StatusDot tone="good" label={texts.sound} />
          ) : isChanged && !failed ? (
            <Text size="xs" c="dimmed">
              {texts.unchecked}
            </Text>
          ) : null}
        </div>
        <Group gap="xs">
          {isChanged ? (
            <Button variant="subtle" color="gray" size="xs" onClick={() => change(inForce)}>
              {texts.discard}
            </Button>
          ) : null}
          <Button variant="default" size="xs" loading={check.isPending} onClick={() => check.mutate([draft])}>
            {texts.check}
          </Button>
          <Button
            size="xs"
            disabled={!isChanged || sound !== draft}
            loading={save.isPending}
            onClick={() => save.mutate([draft])}
          >
            {texts.save}
          </Button>
        </Group>
      </Group>
      {failed ? (
        <Wrong
          problem={problemOf(failed.error)}
          text={draft}
          onGoTo={({ line, from, to }) => show(field.current, line, from, to)}
        />
      ) : null}
    </div>
  );
}

type WrongProps = { problem: Problem | undefined; text: string; onGoTo: (place: TextPlace) => void };

function Wrong({ problem, text, onGoTo }: WrongProps) {
  const texts = useTexts().privacy.contract;
  if (!problem) return <ProblemNote problem={problem} />;
  const { sentence, drawing } = splitSentence(problem.message);
  const place = placeIn(text, problem.message);
  return (
    <>
      <ProblemNote
        problem={{ ...problem, message: sentence }}
        {...(place ? { action: { label: texts.goTo(place.line), run: () => onGoTo(place) } } : {})}
      />
      {drawing === "" ? null : <pre className={classes.drawing}>{drawing}</pre>}
    </>
  );
}

/** Selects the line and brings it into view: a text field scrolls to its cursor only for what is typed. */
function show(field: HTMLTextAreaElement | null, line: number, from: number, to: number): void {
  if (!field) return;
  field.focus();
  field.setSelectionRange(from, to);
  const lines = field.value.split("\n").length;
  field.scrollTop = (field.scrollHeight / lines) * (line - 1) - field.clientHeight / 3;
}
