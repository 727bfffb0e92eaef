// Which speech engine is asked first, and which one takes over when it cannot.
import { ActionIcon, Select } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Row, Section } from "../../components/Page";
import { useSettings, useSettingsPatch } from "../../ipc/queries";
import { useTexts, wordFor } from "../../locales/locale";
import classes from "./Engines.module.css";
import { moved, without } from "./order";

/** What every installation knows; the others are described by the user. */
const OURS = ["embedded", "whisperlivekit"];

export function OrderSection() {
  const texts = useTexts().engines.order;
  const { speech, workers } = useSettings();
  const patch = useSettingsPatch();
  const save = (value: string[]) => patch.mutate({ key: "speech.engines", value });
  const order = speech.engines;
  const described = workers.commands.filter((command) => command.speech).map((command) => command.name);
  const others = [...OURS, ...described].filter((engine) => !order.includes(engine));
  const nameOf = (engine: string) => wordFor(texts.names, engine);
  return (
    <Section title={texts.title} hint={texts.hint}>
      <ol className={classes.order}>
        {order.map((engine, place) => (
          <li key={engine} aria-label={nameOf(engine)}>
            <Row label={nameOf(engine)} hint={place === 0 ? texts.first : texts.next(nameOf(order[place - 1] ?? ""))}>
              <Step label={texts.up(nameOf(engine))} off={place === 0} onClick={() => save(moved(order, place, -1))}>
                <IconArrowUp size={18} stroke={1.5} />
              </Step>
              <Step
                label={texts.down(nameOf(engine))}
                off={place === order.length - 1}
                onClick={() => save(moved(order, place, 1))}
              >
                <IconArrowDown size={18} stroke={1.5} />
              </Step>
              <Step
                label={texts.remove(nameOf(engine))}
                off={order.length === 1}
                onClick={() => save(without(order, engine))}
              >
                <IconTrash size={18} stroke={1.5} />
              </Step>
            </Row>
          </li>
        ))}
      </ol>
      {others.length === 0 ? null : <Add engines={others} nameOf={nameOf} onAdd={(name) => save([...order, name])} />}
    </Section>
  );
}

type StepProps = { label: string; off: boolean; onClick: () => void; children: ReactNode };

function Step({ label, off, onClick, children }: StepProps) {
  return (
    <ActionIcon variant="subtle" color="gray" size={30} aria-label={label} disabled={off} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}

type AddProps = { engines: string[]; nameOf: (engine: string) => string; onAdd: (engine: string) => void };

function Add({ engines, nameOf, onAdd }: AddProps) {
  const texts = useTexts().engines.order;
  return (
    <Row label={texts.add} hint={texts.addHint}>
      <Select
        aria-label={texts.add}
        placeholder={texts.choose}
        size="xs"
        w={220}
        data={engines.map((engine) => ({ value: engine, label: nameOf(engine) }))}
        value={null}
        comboboxProps={{ portalProps: { target: "#page" }, transitionProps: { duration: 0 } }}
        onChange={(engine) => {
          if (engine !== null) onAdd(engine);
        }}
      />
    </Row>
  );
}
