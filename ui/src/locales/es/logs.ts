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
  levelOf: { error: "Error", warn: "Aviso", info: "Info", debug: "Depuración" },
  kinds: { incident: "Incidente", state: "Estado", dropped: "Omitidas", line: "Línea" },
  follow: "Seguir",
  copy: "Copiar",
  copied: "Copiado",
  copyHint: "Copia las filas cargadas",
  emptyTitle: "Aún no hay registros",
  emptyHint: "Lo que dicen los motores y lo que les ocurre aparece aquí.",
  nothingTitle: "Sin resultados",
  nothingHint: "Ninguna fila encaja con el filtro. Quita una parte.",
  row: "Fila",
  run: "Ejecución",
  when: "Cuándo",
  copyRow: "Copiar esta fila",
};
