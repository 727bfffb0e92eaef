// Sidebar and page. Which page is open is kept in the address, so that a new window can start on any of them.
import { useCallback, useEffect, useState } from "react";
import { PageBoundary } from "../components/PageBoundary";
import { problemOf } from "../ipc/client";
import { usePageRequests, useSnapshotEvents } from "../ipc/events";
import { useTexts } from "../locales/locale";
import { type PageId, pageNamed } from "./pages";
import classes from "./Shell.module.css";
import { Sidebar } from "./Sidebar";

export function Shell() {
  const [open, setOpen] = useState<PageId>(() => pageNamed(window.location.hash).id);
  const openPage = useCallback((name: string) => setOpen(pageNamed(name).id), []);
  useEffect(() => window.history.replaceState(null, "", `#/${open}`), [open]);
  const texts = useTexts();
  useSnapshotEvents();
  usePageRequests(openPage);
  const { Page } = pageNamed(open);
  return (
    <div className={classes.shell}>
      <Sidebar open={open} onOpen={openPage} />
      <main className={classes.main} id="page">
        <PageBoundary key={open} title={texts.nav[open]} problemOf={problemOf}>
          <Page openPage={openPage} />
        </PageBoundary>
      </main>
    </div>
  );
}
