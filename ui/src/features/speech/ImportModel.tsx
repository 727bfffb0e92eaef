// Brings in a model the user already has on disk.
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useId, useState } from "react";
import { Row } from "../../components/Page";
import { useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./Speech.module.css";

type Props = {
  importModel: (path: string) => Promise<unknown>;
  /** The list that is other afterwards. */
  list: readonly string[];
  hint: string;
};

export function ImportModel({ importModel, list, hint }: Props) {
  const texts = useTexts().speech.models;
  const [path, setPath] = useState("");
  const importing = useCommand(importModel, [list], () => setPath(""));
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (path.trim() !== "") importing.mutate([path.trim()]);
  };
  return (
    <form onSubmit={submit} className={classes.import}>
      <Row label={texts.import} hint={hint} labelFor={id}>
        <TextInput
          id={id}
          size="xs"
          w={210}
          placeholder={texts.importLabel}
          value={path}
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" size="xs" loading={importing.isPending} disabled={path.trim() === ""}>
          {texts.importAction}
        </Button>
      </Row>
    </form>
  );
}
