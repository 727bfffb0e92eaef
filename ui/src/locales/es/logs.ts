// The Logs page in Spanish.
import type { Texts } from "../en";

export const logs: Texts["logs"] = {
  title: "Registros",
  search: "Buscar en el registro",
  clear: "Borrar la búsqueda",
  engine: "Motor",
  allEngines: "Todos los motores",
  level: "Nivel",
  levels: { all: "Todo", info: "Info", warn: "Avisos", error: "Errores" },
  levelOf: { error: "Error", warn: "Aviso", info: "Info", debug: "Depuración", trace: "Traza" },
  kinds: { incident: "Incidente", state: "Estado", dropped: "Omitidas", line: "Línea", app: "Aplicación" },
  follow: "Seguir",
  copy: "Copiar",
  copied: "Copiado",
  copyHint: "Copia las filas cargadas",
  app: {
    name: "TonnyTray",
    level: "Anotar",
    levels: { error: "Solo errores", warn: "Avisos", info: "Lo que hace", debug: "Detalles", trace: "Cada paso" },
    format: "Archivos como",
    formats: { text: "Texto", json: "JSON" },
  },
  emptyTitle: "Aún no hay registros",
  emptyHint: "Lo que dicen los motores y TonnyTray aparece aquí.",
  nothingTitle: "Sin resultados",
  nothingHint: "Ninguna fila encaja con el filtro. Quita una parte.",
  row: "Fila",
  run: "Ejecución",
  when: "Cuándo",
  copyRow: "Copiar esta fila",
};
