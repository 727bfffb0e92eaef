// The Secrets page: values go in and never come back; every way to lose one asks first.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { expectAccessible, openWindow, refused } from "./window";

const CANARY = "sk-canary-2f81a09c";
const agreed = { understood: true, auto_lock_min: null };
const row = (name: string) => screen.findByRole("article", { name });

describe("a secret", () => {
  it("says whether it is set, where it is and when it was used, and nothing more", async () => {
    openWindow("secrets");
    const openai = await row("OpenAI key");
    expect(within(openai).getByText("Set")).toBeInTheDocument();
    expect(openai).toHaveTextContent(/Kept in the keyring.*last used 12 minutes ago/);
    expect(within(await row("ElevenLabs key")).getByText("Not set")).toBeInTheDocument();
    expect(within(await row("Webhook address")).getByText("Out of reach")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Clear: ElevenLabs key" })).toBeNull();
  });

  it("is typed into a password field, sent once, and forgotten by the window", async () => {
    const { app, user } = openWindow("secrets");
    await user.click(await screen.findByRole("button", { name: "Set: ElevenLabs key" }));
    const field = await screen.findByLabelText("Value");
    expect(field).toHaveAttribute("type", "password");
    await expectAccessible();
    await user.type(field, `${CANARY}{Enter}`);
    await waitFor(() => expect(app.called("secrets_set")).toEqual([{ id: "elevenlabs", value: CANARY, tryIt: true }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(document.documentElement.innerHTML).not.toContain(CANARY);
    await user.click(await screen.findByRole("button", { name: "Replace: ElevenLabs key" }));
    expect(await screen.findByLabelText("Value")).toHaveValue("");
  });

  it("that is refused leaves the old one, and says so in the dialog only", async () => {
    const { user } = openWindow("secrets", { before: (app) => app.refuse("secrets_set", refused) });
    await user.click(await screen.findByRole("button", { name: "Replace: OpenAI key" }));
    await user.type(await screen.findByLabelText("Value"), "sk-wrong{Enter}");
    const dialog = screen.getByRole("dialog");
    expect(await within(dialog).findByText(refused.message)).toBeInTheDocument();
    expect(within(dialog).getByText("The old value is still in place.")).toBeInTheDocument();
    expect(screen.getAllByRole("alert")).toHaveLength(1);
    await expectAccessible();
  });

  it("is kept untried on demand, with what the app has to say about it", async () => {
    const { app, user } = openWindow("secrets");
    app.answers("secrets_set", ({ id }) => ({ id, tried: "not", note: "It looks like a key of another account." }));
    await user.click(await screen.findByRole("button", { name: "Replace: OpenAI key" }));
    await user.click(await screen.findByRole("switch", { name: /Try it first/ }));
    await user.type(screen.getByLabelText("Value"), "sk-other{Enter}");
    expect(
      await screen.findByText(/OpenAI key is kept\. It looks like a key of another account\./),
    ).toBeInTheDocument();
    expect(app.called("secrets_set")).toEqual([{ id: "openai", value: "sk-other", tryIt: false }]);
  });

  it("is cleared only after a question", async () => {
    const { app, user } = openWindow("secrets");
    await user.click(await screen.findByRole("button", { name: "Clear: OpenAI key" }));
    const dialog = await screen.findByRole("dialog", { name: "Clear OpenAI key?" });
    expect(app.called("secrets_clear")).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Clear" }));
    await waitFor(() => expect(app.called("secrets_clear")).toEqual([{ id: "openai" }]));
    await waitFor(async () => expect(within(await row("OpenAI key")).getByText("Not set")).toBeInTheDocument());
  });

  it("that TonnyTray makes itself can be cleared and not typed", async () => {
    openWindow("secrets");
    const key = await row("Key of encrypted recordings");
    expect(within(key).getByRole("button", { name: /^Clear/ })).toBeInTheDocument();
    expect(within(key).queryByRole("button", { name: /^(Set|Replace)/ })).toBeNull();
  });

  it("is read again when the app says that something changed", async () => {
    const { app } = openWindow("secrets");
    await row("OpenAI key");
    app.secrets = { ...app.secrets, secrets: [] };
    await app.publish({ secrets_version: 2 });
    expect(await screen.findByText("No secrets to keep")).toBeInTheDocument();
  });
});

describe("forgetting everything", () => {
  it("needs the word typed", async () => {
    const { app, user } = openWindow("secrets");
    await user.click(await screen.findByRole("button", { name: "Forget everything" }));
    const dialog = await screen.findByRole("dialog");
    const field = within(dialog).getByRole("textbox", { name: 'Type "forget" to go on' });
    const action = within(dialog).getByRole("button", { name: "Forget everything" });
    await user.type(field, "forge{Enter}");
    expect(action).toBeDisabled();
    expect(app.called("secrets_forget")).toEqual([]);
    await user.type(field, "t");
    await user.click(action);
    await waitFor(() => expect(app.called("secrets_forget")).toHaveLength(1));
    await waitFor(() => expect(screen.getByRole("button", { name: "Forget everything" })).toBeDisabled());
  });
});

describe("the place secrets are kept in", () => {
  it("is left only after a click that says what protects the next one", async () => {
    const { app, user } = openWindow("secrets");
    await user.click(await screen.findByRole("button", { name: "Move here: Encrypted file" }));
    const dialog = await screen.findByRole("dialog", { name: "Keep secrets in: Encrypted file?" });
    expect(within(dialog).getByText(/A password that only you know/)).toBeInTheDocument();
    await user.type(within(dialog).getByLabelText("Password for the file"), "correct horse");
    await user.type(within(dialog).getByLabelText("The same once more"), "correct hose");
    expect(within(dialog).getByText("The two are not the same.")).toBeInTheDocument();
    expect(within(dialog).getByRole("button", { name: "Move" })).toBeDisabled();
    await user.clear(within(dialog).getByLabelText("The same once more"));
    await user.type(within(dialog).getByLabelText("The same once more"), "correct horse{Enter}");
    await waitFor(() =>
      expect(app.called("vault_choose")).toEqual([{ choice: { ...agreed, place: "file", password: "correct horse" } }]),
    );
  });

  it("that does not answer keeps what it has, and that is said before and after", async () => {
    const { user } = openWindow("secrets", {
      before: (fake) => {
        fake.secrets = { ...fake.secrets, state: "silent" };
      },
    });
    await user.click(await screen.findByRole("button", { name: "Move here: Memory only" }));
    expect(await screen.findByText(/is out of reach: it stays where it is/)).toBeInTheDocument();
    expect(screen.queryByText(/All secrets are moved there/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Move" }));
    expect(await screen.findByText(/secrets stayed where they were\./)).toBeInTheDocument();
  });

  it("says that others could read the file", async () => {
    openWindow("secrets", {
      before: (fake) => {
        fake.secrets = { ...fake.secrets, place: "file", exposed_at: "2026-11-21T10:00:00Z" };
      },
    });
    expect(await screen.findByText(/could read the encrypted file until 2026-11-21/)).toBeInTheDocument();
  });

  it("in memory needs no password and says that it does not last", async () => {
    const { app, user } = openWindow("secrets");
    await user.click(await screen.findByRole("button", { name: "Move here: Memory only" }));
    expect(await screen.findByText(/gone when TonnyTray quits/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Move" }));
    await waitFor(() =>
      expect(app.called("vault_choose")).toEqual([{ choice: { ...agreed, place: "session", password: null } }]),
    );
  });

  it("is unlocked with its password; a wrong one is said beside it", async () => {
    const { app, user } = openWindow("secrets", {
      before: (fake) => {
        fake.secrets = { ...fake.secrets, place: "file", state: "file_locked", wrong_passwords: 3, retry_in_s: 8 };
        fake.refuse("vault_unlock", refused);
      },
    });
    const field = await screen.findByLabelText("Password of the file");
    expect(screen.getByText("3 wrong passwords so far. The next one is looked at in 8 s.")).toBeInTheDocument();
    await user.type(field, "wrong{Enter}");
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
    expect(field).toHaveValue("");
    app.allow("vault_unlock");
    await user.type(field, "right{Enter}");
    await waitFor(() => expect(screen.queryByLabelText("Password of the file")).toBeNull());
    expect(app.called("vault_unlock")).toEqual([{ password: "wrong" }, { password: "right" }]);
  });

  const openFile = () =>
    openWindow("secrets", {
      before: (fake) => {
        fake.secrets = { ...fake.secrets, place: "file" };
      },
    });

  it("as a file locks now, or by itself after a while", async () => {
    const { app, user } = openFile();
    const minutes = await screen.findByRole("textbox", { name: "Lock by itself" });
    await user.clear(minutes);
    await user.type(minutes, "5{Enter}");
    await waitFor(() =>
      expect(app.called("vault_choose")).toEqual([
        { choice: { place: "file", password: null, understood: true, auto_lock_min: 5 } },
      ]),
    );
    await user.click(screen.getByRole("button", { name: "Lock now" }));
    expect(await screen.findByRole("button", { name: "Unlock" })).toBeInTheDocument();
  });

  it("as a file gets another password for the old one", async () => {
    const { app, user } = openFile();
    await user.click(await screen.findByRole("button", { name: "Change password" }));
    await user.type(await screen.findByLabelText("Password until now"), "old one");
    await user.type(screen.getByLabelText("Password for the file"), "new one");
    await user.type(screen.getByLabelText("The same once more"), "new one{Enter}");
    await waitFor(() => expect(app.called("vault_password")).toEqual([{ old: "old one", next: "new one" }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(document.documentElement.innerHTML).not.toContain("new one");
  });

  it("as a locked keyring is asked to open by itself", async () => {
    const { app, user } = openWindow("secrets", {
      before: (fake) => {
        fake.secrets = { ...fake.secrets, state: "locked", problem: refused };
      },
    });
    expect(await screen.findByText(refused.message)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Unlock" }));
    await waitFor(() => expect(app.called("vault_unlock")).toEqual([{ password: null }]));
    await waitFor(() => expect(screen.queryByText(refused.message)).toBeNull());
  });

  it("says what was taken over from an older set-up", async () => {
    openWindow("secrets", {
      before: (fake) => {
        fake.secrets.migration = {
          moved: [{ id: "openai", from: "/home/ada/config.json" }],
          left: [{ file: "/home/ada/old.json", why: "It is not JSON." }],
        };
      },
    });
    expect(await screen.findByText("/home/ada/config.json")).toBeInTheDocument();
    expect(screen.getByText("It is not JSON.")).toBeInTheDocument();
  });
});
