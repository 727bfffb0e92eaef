// The list of pages, with the app's state in one word below it.
import { NavLink } from "@mantine/core";
import { Mark } from "../components/Mark";
import { StatusDot, type Tone } from "../components/StatusDot";
import type { Snapshot } from "../ipc/bindings";
import { useSnapshotIfKnown } from "../ipc/queries";
import { useTexts, wordFor } from "../locales/locale";
import { type PageId, pages } from "./pages";
import classes from "./Shell.module.css";

export function Sidebar({ open, onOpen }: { open: PageId; onOpen: (id: PageId) => void }) {
  const texts = useTexts();
  const snapshot = useSnapshotIfKnown();
  const { tone, word } = summary(snapshot);
  return (
    <nav className={classes.sidebar} aria-label={texts.nav.label}>
      <div className={classes.brand}>
        <Mark size={20} />
        TonnyTray
      </div>
      <div className={classes.links}>
        {pages.map(({ id, icon: Icon }) => (
          <NavLink
            key={id}
            component="button"
            type="button"
            className={classes.link}
            label={texts.nav[id]}
            leftSection={<Icon size={18} stroke={1.5} aria-hidden />}
            active={id === open}
            aria-current={id === open ? "page" : undefined}
            variant="subtle"
            color="gray"
            onClick={() => onOpen(id)}
          />
        ))}
      </div>
      <div className={classes.foot} role="status">
        <StatusDot tone={tone} label={wordFor(texts.state, word)} />
      </div>
    </nav>
  );
}

/** The whole app in one dot and one word; a state the window does not know is still shown, as its own name. */
function summary(snapshot: Snapshot | undefined): { tone: Tone; word: string } {
  if (!snapshot) return { tone: "quiet", word: "unknown" };
  if (snapshot.state === "recording") return { tone: "signal", word: snapshot.state };
  if (snapshot.problem ?? snapshot.hotkey_problem) return { tone: "bad", word: "trouble" };
  if (!snapshot.model.installed) return { tone: "warn", word: "trouble" };
  const workers = snapshot.workers.map((worker) => worker.state);
  if (workers.some((state) => state === "failed" || state === "crash_loop")) return { tone: "bad", word: "trouble" };
  if (workers.some((state) => state === "starting" || state === "backoff")) return { tone: "warn", word: "starting" };
  return { tone: "good", word: snapshot.state };
}
