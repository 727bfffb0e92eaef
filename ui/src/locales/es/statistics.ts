// Cuánto se dijo, en español.
import type { Texts } from "../en";

export const statistics: Texts["statistics"] = {
  span: "Días mostrados",
  spans: { "30": "30 días", "90": "90 días", "365": "12 meses" },
  words: "Palabras",
  minutes: "Minutos de voz",
  perDay: (name) => `${name} por día`,
  perWeek: (name) => `${name} por semana`,
  speed: "Palabras por minuto",
  arrived: "Llegaron",
  arrivedHint: "De lo que debía ir a algún sitio; lo cancelado no cuenta.",
  engines: "Motores",
  models: "Modelos",
  share: (count, percent) => `${count}, ${percent}`,
  emptyTitle: "Nada que contar todavía",
  emptyHint: "Habla, y aquí se verá cuánto fue y qué tal salió.",
};
