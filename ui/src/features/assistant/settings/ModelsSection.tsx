// The models in the order in which they are asked, each with what it costs and why it cannot be asked now.
import { ActionIcon, Button, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconMessageQuestion, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { EmptyNote } from "../../../components/EmptyNote";
import { Row, Section } from "../../../components/Page";
import { StatusDot } from "../../../components/StatusDot";
import { sayUndo } from "../../../components/toasts";
import { useModelOrder } from "../../../ipc/assistant";
import { useSettings, useSettingsPatch } from "../../../ipc/queries";
import { useLocale, useTexts } from "../../../locales/locale";
import { moved } from "../../engines/order";
import { AddModel } from "./AddModel";
import { EditModel } from "./EditModel";
import { factsOf, type Ordered, ordered } from "./order";
import classes from "./Settings.module.css";
import { useKeptFocus } from "./useKeptFocus";

export function ModelsSection() {
  const texts = useTexts().assistantPage.models;
  const { models } = useSettings().assistant;
  const { data: choices, isFetching } = useModelOrder();
  const patch = useSettingsPatch();
  const [said, setSaid] = useState("");
  const [edited, setEdited] = useState<string | null>(null);
  const { list, keep } = useKeptFocus(models);
  const rows = ordered(models, choices);
  const save = (value: string[]) => patch.mutate({ key: "assistant.models", value });
  const move = (place: number, steps: -1 | 1, name: string) => {
    keep(place + steps, steps < 0 ? "up" : "down");
    save(moved(models, place, steps));
    setSaid(texts.place(name, place + steps + 1, models.length));
  };
  const remove = ({ id, name }: Ordered, place: number) => {
    keep(Math.min(place, models.length - 2), "remove");
    save(models.filter((other) => other !== id));
    sayUndo(texts.removed(name), () => save(models));
  };
  return (
    <Section title={texts.title} hint={texts.hint}>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      {rows.length === 0 ? (
        <EmptyNote icon={IconMessageQuestion} title={texts.emptyTitle} hint={texts.emptyHint} />
      ) : null}
      <ol ref={list} className={classes.list}>
        {rows.map((row, place) => (
          <li key={row.id} aria-label={row.name}>
            <div className={classes.item}>
              <Facts row={row} isFetching={isFetching} />
              <Steps
                name={row.name}
                isFirst={place === 0}
                isLast={place === rows.length - 1}
                onMove={(steps) => move(place, steps, row.name)}
                onRemove={() => remove(row, place)}
                onEdit={row.choice && !row.choice.is_local ? () => setEdited(row.id) : undefined}
              />
            </div>
            {edited === row.id ? <EditModel row={row} onClose={() => setEdited(null)} /> : null}
          </li>
        ))}
      </ol>
      <More />
    </Section>
  );
}

/** The button, or in its place the form; whoever closes the form is back at the button. */
function More() {
  const texts = useTexts().assistantPage.models;
  const [step, setStep] = useState<"first" | "adding" | "back">("first");
  if (step === "adding") return <AddModel onClose={() => setStep("back")} />;
  return (
    <Row label={texts.add} hint={texts.addHint}>
      <Button
        variant="default"
        size="xs"
        aria-label={texts.add}
        autoFocus={step === "back"}
        onClick={() => setStep("adding")}
      >
        {texts.save}
      </Button>
    </Row>
  );
}

function Facts({ row: { id, name, choice }, isFetching }: { row: Ordered; isFetching: boolean }) {
  const { texts, format } = useLocale();
  const words = texts.assistantPage.models;
  const reason = choice ? choice.unavailable : isFetching ? null : words.unknown;
  const isLooking = !choice && isFetching;
  const state = isLooking
    ? words.looking
    : reason !== null
      ? words.unavailable
      : choice?.is_default
        ? words.first
        : words.ready;
  return (
    <div className={classes.text}>
      <div className={classes.name}>
        <h3>{name}</h3>
        <StatusDot tone={isLooking ? "quiet" : reason === null ? "good" : "warn"} label={state} />
      </div>
      {reason === null ? null : <p className={classes.reason}>{reason}</p>}
      <p className={classes.facts}>{choice ? factsOf(choice, texts, format) : id}</p>
    </div>
  );
}

type StepsProps = {
  name: string;
  isFirst: boolean;
  isLast: boolean;
  onMove: (steps: -1 | 1) => void;
  onRemove: () => void;
  /** Absent where there is nothing to say: what runs here is free, and the program itself sets its window. */
  onEdit: (() => void) | undefined;
};

function Steps({ name, isFirst, isLast, onMove, onRemove, onEdit }: StepsProps) {
  const texts = useTexts().assistantPage.models;
  const icon = { size: 18, stroke: 1.5, "aria-hidden": true };
  const button = { variant: "subtle", color: "gray", size: 30 };
  return (
    <div className={classes.steps}>
      {onEdit ? (
        <ActionIcon {...button} aria-label={texts.edit(name)} onClick={onEdit}>
          <IconPencil {...icon} />
        </ActionIcon>
      ) : null}
      <ActionIcon {...button} data-step="up" aria-label={texts.up(name)} disabled={isFirst} onClick={() => onMove(-1)}>
        <IconArrowUp {...icon} />
      </ActionIcon>
      <ActionIcon
        {...button}
        data-step="down"
        aria-label={texts.down(name)}
        disabled={isLast}
        onClick={() => onMove(1)}
      >
        <IconArrowDown {...icon} />
      </ActionIcon>
      <ActionIcon {...button} data-step="remove" aria-label={texts.remove(name)} onClick={onRemove}>
        <IconTrash {...icon} />
      </ActionIcon>
    </div>
  );
}
