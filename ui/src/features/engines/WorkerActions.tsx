// Start, stop, restart and reset of one worker; what would interrupt work asks first.
import { Button, Group, Tooltip } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import type { WorkerView } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { actionsFor } from "./states";

type Interrupting = "stop" | "restart";

export function WorkerActions({ worker }: { worker: WorkerView }) {
  const texts = useTexts().engines;
  const [asking, setAsking] = useState<Interrupting | null>(null);
  const start = useCommand(client.workerStart);
  const stop = useCommand(client.workerStop);
  const restart = useCommand(client.workerRestart);
  const reset = useCommand(client.workerResetBreaker);
  const can = actionsFor(worker);
  const run = (action: Interrupting) => (action === "stop" ? stop : restart).mutate([worker.name]);
  const ask = (action: Interrupting) => (worker.in_flight > 0 ? setAsking(action) : run(action));
  const button = (label: string, loading: boolean, onClick: () => void) => (
    <Button variant="default" size="xs" aria-label={texts.of(label, worker.title)} loading={loading} onClick={onClick}>
      {label}
    </Button>
  );
  return (
    <Group gap="xs" wrap="nowrap">
      {can.reset ? (
        <Tooltip label={texts.resetHint}>
          {button(texts.reset, reset.isPending, () => reset.mutate([worker.name]))}
        </Tooltip>
      ) : null}
      {can.start ? button(texts.start, start.isPending, () => start.mutate([worker.name])) : null}
      {can.stop ? button(texts.restart, restart.isPending, () => ask("restart")) : null}
      {can.stop ? button(texts.stop, stop.isPending, () => ask("stop")) : null}
      <Confirm
        opened={asking !== null}
        title={asking === "stop" ? texts.stopTitle(worker.title) : texts.restartTitle(worker.title)}
        body={texts.interrupts(worker.in_flight)}
        action={asking === "stop" ? texts.stop : texts.restart}
        onClose={() => setAsking(null)}
        onConfirm={() => {
          if (asking !== null) run(asking);
        }}
      />
    </Group>
  );
}
