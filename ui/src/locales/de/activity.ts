// Was TonnyTray getan hat, auf Deutsch.
import type { Texts } from "../en";

export const activity: Texts["activity"] = {
  kind: "Art",
  anyKind: "Jede Art",
  emptyTitle: "Noch nichts getan",
  emptyHint: "Hier steht, was TonnyTray tut: Wörter eingefügt, Einstellungen, Modelle, Sicherungen. Nie die Wörter.",
  nothingTitle: "Keine Treffer",
  nothingHint: "Von dieser Art wurde nichts getan.",
  failed: "Misslungen",
  oldLog: "Altes Protokoll",
  actions: {
    "utterance.delivered": "Wörter eingefügt",
    "utterance.kept": "Wörter behalten",
    "utterance.failed": "Wörter nicht eingefügt",
    "utterance.cancelled": "Sprechen abgebrochen",
    "settings.change": "Einstellung geändert",
    "settings.reset": "Alle Einstellungen zurückgesetzt",
    "model.install": "Modell installiert",
    "model.remove": "Modell entfernt",
    "engine.gave_up": "Erkenner gab auf",
    "engine.came_back": "Erkenner ist zurück",
    "backup.make": "Sicherung gemacht",
    "backup.restore": "Sicherung eingespielt",
    "history.clean_up": "Aufgeräumt",
    "history.import": "Verlauf importiert",
    "history.export": "Verlauf exportiert",
    "history.delete": "Eintrag gelöscht",
    "secret.set": "Geheimnis gesetzt",
    "secret.clear": "Geheimnis gelöscht",
    "secret.forget": "Alle Geheimnisse vergessen",
  },
};
