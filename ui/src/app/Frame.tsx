// What every window stands in: cache, language, colours, and the corner for short messages.
import { MantineProvider, MantineThemeProvider, useMantineColorScheme } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useSettingsIfKnown } from "../ipc/queries";
import { LocaleProvider, languages, pickLanguage } from "../locales/locale";
import { newQueryClient } from "./cache";
import { labelled, theme } from "./theme";

export function Frame({ children }: { children: ReactNode }) {
  const [queries] = useState(newQueryClient);
  return (
    <QueryClientProvider client={queries}>
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <Appearance>
          {children}
          <Notifications position="bottom-right" autoClose={6000} limit={3} containerWidth={340} />
        </Appearance>
      </MantineProvider>
    </QueryClientProvider>
  );
}

/** Brings the chosen theme and language to everything below, as soon as the settings are known. */
function Appearance({ children }: { children: ReactNode }) {
  const appearance = useSettingsIfKnown()?.appearance;
  // Without its default of switching transitions off for a moment, which takes a style tag.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const chosen = appearance?.theme;
  useEffect(() => {
    if (chosen) setColorScheme(chosen === "system" ? "auto" : chosen);
  }, [chosen, setColorScheme]);
  const code = pickLanguage(appearance?.language ?? "system", navigator.languages);
  useEffect(() => {
    document.documentElement.lang = code;
  }, [code]);
  const spoken = useMemo(() => labelled(languages[code].common.close), [code]);
  return (
    <MantineThemeProvider theme={spoken} inherit>
      <LocaleProvider code={code}>{children}</LocaleProvider>
    </MantineThemeProvider>
  );
}
