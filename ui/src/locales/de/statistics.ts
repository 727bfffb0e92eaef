// Wie viel gesagt wurde, auf Deutsch.
import type { Texts } from "../en";

export const statistics: Texts["statistics"] = {
  span: "Gezeigte Tage",
  spans: { "30": "30 Tage", "90": "90 Tage", "365": "12 Monate" },
  words: "Wörter",
  minutes: "Minuten gesprochen",
  perDay: (name) => `${name} je Tag`,
  perWeek: (name) => `${name} je Woche`,
  speed: "Wörter je Minute",
  arrived: "Angekommen",
  arrivedHint: "Von dem, was irgendwohin sollte; Abgebrochenes zählt nicht.",
  engines: "Erkenner",
  models: "Modelle",
  share: (count, percent) => `${count}, ${percent}`,
  emptyTitle: "Noch nichts zu zählen",
  emptyHint: "Sprich, und hier steht, wie viel es war und wie gut es ging.",
};
