// The head that the three views of the page share: title, a number beside it, the switch between the views.
import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTexts } from "../../locales/locale";
import classes from "./History.module.css";

type Props = { switcher: ReactNode; count?: string | undefined; children?: ReactNode };

export function HistoryHead({ switcher, count, children }: Props) {
  const texts = useTexts().history;
  return (
    <header className={classes.head}>
      <div className={classes.headColumn}>
        <div className={classes.titleLine}>
          <div className={classes.titleGroup}>
            <Title order={1}>{texts.title}</Title>
            {count === undefined ? null : (
              <Text size="xs" c="dimmed" className={classes.numbers}>
                {count}
              </Text>
            )}
          </div>
          {switcher}
        </div>
        {children}
      </div>
    </header>
  );
}
