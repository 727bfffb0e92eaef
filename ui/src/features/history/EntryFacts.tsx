// The plain facts of an utterance; those that are not known are left out.
import { Title } from "@mantine/core";
import type { HistoryRow } from "../../ipc/bindings";
import { type Locale, useLocale, wordFor } from "../../locales/locale";
import classes from "./Entry.module.css";

export function EntryFacts({ row }: { row: HistoryRow }) {
  const locale = useLocale();
  return (
    <section>
      <Title order={3}>{locale.texts.history.details}</Title>
      <dl className={classes.facts}>
        {factsOf(row, locale).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function factsOf(row: HistoryRow, { texts, format }: Locale): [string, string][] {
  const { facts, insertedBy, routes } = texts.history;
  const all: [string, string | null][] = [
    [facts.length, row.audio_ms === null ? null : format.seconds(row.audio_ms)],
    [facts.inserted, row.inserted_by === null ? null : wordFor(insertedBy, row.inserted_by)],
    [facts.target, row.target],
    [facts.route, wordFor(routes, row.route)],
    [facts.model, row.model],
    [facts.engine, row.engine],
    [facts.speaker, row.speaker],
    [facts.confidence, row.confidence === null ? null : format.percent(row.confidence * 100)],
    [facts.profile, row.profile],
    [facts.language, row.language === null ? null : format.language(row.language)],
  ];
  return all.filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== "");
}
