// A list, its finished items drawn once each.
import { IconSquare, IconSquareCheck } from "@tabler/icons-react";
import { memo } from "react";
import { useTexts } from "../../../locales/locale";
import { Inner, Pages } from "./Blocks";
import type { Item } from "./blocks";
import classes from "./Markdown.module.css";
import type { Paged } from "./paged";

type List = { ordered: boolean; start: number; items: Paged<Item> };

export function ItemList({ list }: { list: List }) {
  const items = <Pages pages={list.items} Each={ItemView} />;
  return list.ordered ? <ol start={list.start}>{items}</ol> : <ul>{items}</ul>;
}

const ItemView = memo(function ItemView({ item }: { item: Item }) {
  if (!item.task)
    return (
      <li>
        <Inner tokens={item.tokens} />
      </li>
    );
  return (
    <li className={classes.task}>
      <Box checked={item.checked} />
      <div>
        <Inner tokens={item.tokens} />
      </div>
    </li>
  );
});

function Box({ checked }: { checked: boolean }) {
  const texts = useTexts().assistant.answer;
  const Icon = checked ? IconSquareCheck : IconSquare;
  return <Icon size={16} stroke={1.5} role="img" aria-label={checked ? texts.done : texts.notDone} />;
}
