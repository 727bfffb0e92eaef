// The Logs page in German.
import type { Texts } from "../en";

export const logs: Texts["logs"] = {
  title: "Protokoll",
  search: "Protokoll durchsuchen",
  clear: "Suche leeren",
  engine: "Dienst",
  allEngines: "Alle Dienste",
  level: "Stufe",
  levels: { all: "Alle", info: "Info", warn: "Warnungen", error: "Fehler" },
  levelOf: { error: "Fehler", warn: "Warnung", info: "Info", debug: "Debug", trace: "Ablauf" },
  kinds: { incident: "Vorfall", state: "Zustand", dropped: "Ausgelassen", line: "Zeile", app: "App" },
  follow: "Mitlaufen",
  copy: "Kopieren",
  copied: "Kopiert",
  copyHint: "Kopiert die geladenen Zeilen",
  app: {
    name: "TonnyTray",
    level: "Aufzeichnen",
    levels: {
      error: "Nur Fehler",
      warn: "Warnungen",
      info: "Was es tut",
      debug: "Einzelheiten",
      trace: "Jeden Schritt",
    },
    format: "Dateien als",
    formats: { text: "Text", json: "JSON" },
  },
  emptyTitle: "Noch nichts aufgezeichnet",
  emptyHint: "Was die Dienste und TonnyTray sagen, erscheint hier.",
  nothingTitle: "Keine Treffer",
  nothingHint: "Keine Zeile passt zum Filter. Nimm einen Teil davon weg.",
  row: "Zeile",
  run: "Lauf",
  when: "Wann",
  copyRow: "Diese Zeile kopieren",
};
