// A password typed twice.
import { Stack, TextInput } from "@mantine/core";
import { useTexts } from "../../locales/locale";

export type Typed = { password: string; repeated: string };
export const NOTHING_TYPED: Typed = { password: "", repeated: "" };
export const isReady = ({ password, repeated }: Typed) => password !== "" && password === repeated;

type Props = { typed: Typed; autoFocus: boolean; onChange: (typed: Typed) => void };

export function NewPassword({ typed, autoFocus, onChange }: Props) {
  const texts = useTexts().secrets.vault;
  const differs = typed.repeated !== "" && typed.repeated !== typed.password;
  return (
    <Stack gap="sm" mt="md">
      <TextInput
        type="password"
        autoComplete="off"
        label={texts.newPassword}
        description={texts.newPasswordHint}
        data-autofocus={autoFocus || undefined}
        value={typed.password}
        onChange={(event) => onChange({ ...typed, password: event.currentTarget.value })}
      />
      <TextInput
        type="password"
        autoComplete="off"
        label={texts.repeat}
        error={differs ? texts.differs : undefined}
        value={typed.repeated}
        onChange={(event) => onChange({ ...typed, repeated: event.currentTarget.value })}
      />
    </Stack>
  );
}
