// The files that go with the question, each with a way to leave it out.
import { CloseButton } from "@mantine/core";
import { IconFile, IconPhoto } from "@tabler/icons-react";
import { useLocale } from "../../locales/locale";
import type { Attached } from "./attachments";
import classes from "./Composer.module.css";

type Props = { attached: readonly Attached[]; onRemove: (id: number) => void };

export function AttachedList({ attached, onRemove }: Props) {
  const { texts, format } = useLocale();
  const words = texts.assistant.composer;
  if (attached.length === 0) return null;
  return (
    <ul className={classes.attached} aria-label={words.attachments}>
      {attached.map(({ id, file, isPicture }) => {
        const Icon = isPicture ? IconPhoto : IconFile;
        return (
          <li key={id}>
            <Icon size={14} stroke={1.5} aria-hidden />
            <span className={classes.name} data-cut title={file.name}>
              {file.name}
            </span>
            <span className={classes.bytes}>{format.bytes(file.size)}</span>
            <CloseButton size={18} iconSize={12} aria-label={words.detach(file.name)} onClick={() => onRemove(id)} />
          </li>
        );
      })}
    </ul>
  );
}
