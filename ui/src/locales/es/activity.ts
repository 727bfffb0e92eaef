// Lo que hizo TonnyTray, en español.
import type { Texts } from "../en";

export const activity: Texts["activity"] = {
  kind: "Tipo",
  anyKind: "Cualquier tipo",
  emptyTitle: "Nada hecho todavía",
  emptyHint: "Aquí se anota lo que hace TonnyTray: inserciones, ajustes, modelos, copias. Nunca las palabras.",
  nothingTitle: "Sin resultados",
  nothingHint: "No se hizo nada de este tipo.",
  failed: "Falló",
  oldLog: "Registro antiguo",
  actions: {
    "utterance.delivered": "Palabras insertadas",
    "utterance.kept": "Palabras conservadas",
    "utterance.failed": "Palabras no insertadas",
    "utterance.cancelled": "Dictado cancelado",
    "settings.change": "Ajuste cambiado",
    "settings.reset": "Todos los ajustes restablecidos",
    "model.install": "Modelo instalado",
    "model.remove": "Modelo eliminado",
    "engine.gave_up": "El motor se rindió",
    "engine.came_back": "El motor volvió",
    "backup.make": "Copia hecha",
    "backup.restore": "Copia restaurada",
    "history.clean_up": "Limpieza",
    "history.import": "Historial importado",
    "history.export": "Historial exportado",
    "history.delete": "Entrada eliminada",
    "secret.set": "Secreto guardado",
    "secret.clear": "Secreto borrado",
    "secret.forget": "Todos los secretos olvidados",
  },
};
