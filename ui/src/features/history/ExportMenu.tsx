// Saves what fits the search and the filters as a file, and says where it is.
import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { sayAction, sayProblem } from "../../components/toasts";
import type { ExportForm } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import type { HistorySearch } from "../../ipc/history";
import { useLocale } from "../../locales/locale";

const FORMS: ExportForm[] = ["json", "csv", "txt", "srt"];

/** The folder is one click away, and too long for a line. */
function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

export function ExportMenu({ search, disabled }: { search: HistorySearch; disabled: boolean }) {
  const { texts, format } = useLocale();
  const { export: words, count: counted, one } = texts.history;
  const show = () => void client.historyShowExports().catch((error: unknown) => sayProblem(problemOf(error)));
  const save = useMutation({
    mutationFn: (form: ExportForm) => client.historyExport({ form, ...search }),
    onSuccess: ({ path, count }) =>
      sayAction(words.done(count === 1 ? one : counted(format.number(count)), fileName(path)), words.show, show),
  });
  return (
    <Menu
      position="bottom-end"
      portalProps={{ target: "#page" }}
      transitionProps={{ duration: 0 }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <Button
          variant="default"
          title={words.what}
          disabled={disabled}
          loading={save.isPending}
          leftSection={<IconDownload size={16} stroke={1.5} aria-hidden />}
        >
          {words.action}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMS.map((form) => (
          <Menu.Item key={form} onClick={() => save.mutate(form)}>
            {words.forms[form]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
