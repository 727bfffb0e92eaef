// A table, its finished rows drawn once each; wider than the column, it scrolls by itself.
import { createContext, memo, useContext } from "react";
import { useTexts } from "../../../locales/locale";
import { Pages } from "./Blocks";
import type { Align, Cell } from "./blocks";
import { Inline } from "./Inline";
import classes from "./Markdown.module.css";
import type { Paged } from "./paged";

type Table = { head: Cell[]; align: Align[]; rows: Paged<Cell[]> };

const Aligned = createContext<Align[]>([]);

export function Rows({ table }: { table: Table }) {
  const texts = useTexts().assistant.answer;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own form look.
    <div
      className={classes.tableFrame}
      role="group"
      aria-label={texts.table}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the arrow keys.
      tabIndex={0}
      data-cut
    >
      <table>
        <thead>
          <tr>
            {table.head.map((cell, index) => (
              <th key={index.toString()} scope="col" data-align={table.align[index]}>
                <Inline tokens={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Aligned value={table.align}>
            <Pages pages={table.rows} Each={RowView} />
          </Aligned>
        </tbody>
      </table>
    </div>
  );
}

const RowView = memo(function RowView({ item }: { item: Cell[] }) {
  const align = useContext(Aligned);
  return (
    <tr>
      {item.map((cell, index) => (
        <td key={index.toString()} data-align={align[index]}>
          <Inline tokens={cell} />
        </td>
      ))}
    </tr>
  );
});
