// The time as something that is drawn: the component is drawn again each time `everyMs` has passed.
import { useInterval } from "@mantine/hooks";
import { useState } from "react";

export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useInterval(() => setNow(new Date()), everyMs, { autoInvoke: true });
  return now;
}
