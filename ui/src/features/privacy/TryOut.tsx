// Some words held against the contract as it is written: what would leave, what is masked, and by which rule.
import { Autocomplete, Button, Code, Textarea, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Marked } from "../../components/Marked";
import { ProblemNote } from "../../components/ProblemNote";
import { StatusDot } from "../../components/StatusDot";
import { useModelChoices } from "../../ipc/assistant";
import type { TriedOut } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import { inPlace, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./Privacy.module.css";
import { placeholdersIn } from "./place";

/** Where nobody chose another: a contract's rules rarely differ by model. */
const ANY_MODEL = "openai/gpt-4o";

/** What was tried, so that an answer never stands beside other words. */
type Tried = { contract: string; model: string; words: string; result: TriedOut };

export function TryOut({ contract }: { contract: string }) {
  const texts = useTexts().privacy.tryOut;
  const choices = useModelChoices().data ?? [];
  const remote = choices.filter((choice) => !choice.is_local).map(({ id }) => id);
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [tried, setTried] = useState<Tried | null>(null);
  const model = chosen ?? remote[0] ?? ANY_MODEL;
  const run = useCommand(
    async () => setTried({ contract, model, words, result: await client.contractTry(contract, model, words) }),
    [],
    undefined,
    inPlace,
  );
  const isFresh = tried?.contract === contract && tried.model === model && tried.words === words;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (words.trim() !== "" && !run.isPending) run.mutate([]);
  };
  return (
    <form className={classes.tryOut} onSubmit={submit} aria-label={texts.title}>
      <div>
        <Title order={3} size="h3">
          {texts.title}
        </Title>
        <p className={classes.hint}>{texts.hint}</p>
      </div>
      <Textarea
        label={texts.words}
        placeholder={texts.placeholder}
        rows={3}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <div className={classes.pair}>
        <Autocomplete
          label={texts.model}
          data={remote}
          spellCheck={false}
          value={model}
          comboboxProps={{ portalProps: { target: "#page" }, transitionProps: { duration: 0 } }}
          withScrollArea={false}
          classNames={{ options: classes.options }}
          onChange={setChosen}
        />
        <Button type="submit" variant="default" disabled={words.trim() === "" || model === ""} loading={run.isPending}>
          {texts.run}
        </Button>
      </div>
      <div role="status">{tried && isFresh && run.isSuccess ? <Result result={tried.result} /> : null}</div>
      {run.isError ? <ProblemNote problem={problemOf(run.error)} /> : null}
    </form>
  );
}

function Result({ result: { verdict, leaves, rules, why } }: { result: TriedOut }) {
  const texts = useTexts().privacy.tryOut;
  if (verdict === "allow" && leaves !== null)
    return (
      <div className={classes.result}>
        <StatusDot tone={rules.length > 0 ? "warn" : "good"} label={texts.allow} />
        <p className={classes.leaves}>
          <Marked text={leaves} ranges={placeholdersIn(leaves)} />
        </p>
        {rules.length > 0 ? (
          <Rules label={texts.masked} rules={rules} />
        ) : (
          <p className={classes.hint}>{texts.nothing}</p>
        )}
      </div>
    );
  const isAsked = verdict === "ask";
  return (
    <div className={classes.result}>
      <StatusDot tone={isAsked ? "warn" : "bad"} label={isAsked ? texts.ask : texts.deny} />
      {why === null ? null : <p className={classes.why}>{why}</p>}
      <Rules label={isAsked ? texts.asks : texts.rule} rules={rules} />
    </div>
  );
}

/** By the names that the contract gives them, so that they are found there. */
function Rules({ label, rules }: { label: string; rules: string[] }) {
  return (
    <p className={classes.hint}>
      {label}{" "}
      {rules.map((rule) => (
        <Code key={rule}>{rule}</Code>
      ))}
    </p>
  );
}
