// The Privacy page: the switch, what left, and the contract on what may.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { byHost, bytesWords, costWords, dayOf, fateOf, isHere, sumWords } from "../src/features/privacy/ledger";
import type { LedgerDay } from "../src/ipc/bindings";
import { en } from "../src/locales/en";
import type { Formats } from "../src/locales/locale";
import { ledger, ledgerDays } from "./fake/outside";
import { expectAccessible, openWindow, refused } from "./window";

const NOW = new Date("2026-11-22T12:00:00Z");
const patches = (app: ReturnType<typeof openWindow>["app"]) => app.called("settings_patch").map(({ patch }) => patch);
const editor = () => screen.findByRole("textbox", { name: "Text of the contract" });
/** As pasted: typing it letter by letter would read each bracket as a key. */

describe("the offline switch", () => {
  it("says what it does and is one patch", async () => {
    const { app, user } = openWindow("privacy");
    expect(await screen.findByText(/No language model on another machine is asked/)).toBeInTheDocument();
    await user.click(screen.getByRole("switch", { name: "Offline" }));
    await waitFor(() => expect(patches(app)).toEqual([{ key: "privacy.offline", value: true }]));
  });

  it("works while the lists cannot be read, each of which can be asked for again", async () => {
    const { app, user } = openWindow("privacy", {
      before: (fake) =>
        fake.refuse("ledger_list", refused).refuse("ledger_days", refused).refuse("contract_get", refused),
    });
    await waitFor(() => expect(screen.getAllByRole("alert")).toHaveLength(3));
    await user.click(screen.getByRole("switch", { name: "Offline" }));
    await waitFor(() => expect(app.settings.privacy.offline).toBe(true));
    await expectAccessible();
    for (const command of ["ledger_list", "ledger_days", "contract_get"]) app.allow(command);
    for (const again of screen.getAllByRole("button", { name: "Try again" })) await user.click(again);
    expect(await screen.findByRole("button", { name: /openrouter\.ai/ })).toBeInTheDocument();
    await editor();
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });
});

describe("what left this machine", () => {
  it("is summed up by host, and each host opens to its days", async () => {
    const { app, user } = openWindow("privacy");
    const host = await screen.findByRole("button", { name: /api\.openai\.com/ });
    expect(app.called("ledger_days")).toEqual([{ days: 30 }]);
    expect(host).toHaveTextContent("67 sent");
    expect(host).toHaveTextContent("2 failed");
    expect(host).toHaveTextContent("3 held back");
    expect(host).toHaveTextContent("$0.59");
    expect(host).toHaveAttribute("aria-expanded", "false");
    host.focus();
    await user.keyboard("{Enter}");
    const days = await screen.findByRole("list", { name: "api.openai.com: by day" });
    expect(within(days).getAllByRole("listitem")).toHaveLength(3);
    await expectAccessible();
  });

  it("for a price that nobody knows is never said to be nothing", async () => {
    openWindow("privacy");
    expect(await screen.findByRole("button", { name: /openrouter\.ai/ })).toHaveTextContent(
      "$0.02 and 5 of unknown cost",
    );
    const list = await screen.findByRole("group", { name: "Every request" });
    expect(within(list).getAllByText("cost unknown").length).toBeGreaterThan(0);
  });

  it("is told apart from what was asked here", async () => {
    openWindow("privacy");
    const away = await screen.findByRole("list", { name: "The last 30 days" });
    expect(within(away).queryByText("127.0.0.1")).toBeNull();
    const here = screen.getByRole("list", { name: "Asked on this machine" });
    expect(within(here).getByText("127.0.0.1")).toBeInTheDocument();
    expect((await screen.findAllByText("Stayed here")).length).toBeGreaterThan(0);
  });

  it("is nothing, too, where only this machine was asked", async () => {
    openWindow("privacy", {
      before: (app) => {
        app.privacy.days = app.privacy.days.filter(({ host }) => host === "127.0.0.1");
      },
    });
    expect(await screen.findByText("Nothing left this machine")).toBeInTheDocument();
    expect(screen.getByRole("list", { name: "Asked on this machine" })).toBeInTheDocument();
  });

  it("is listed row by row: what was masked, what failed, what was held back", async () => {
    openWindow("privacy");
    const list = await screen.findByRole("group", { name: "Every request" });
    expect(list).toHaveAttribute("tabindex", "0");
    expect(within(list).getAllByText(/masked by email, phone/).length).toBeGreaterThan(0);
    expect(within(list).getAllByText("Failed, TT-LLM-130").length).toBeGreaterThan(0);
    const held = within(list).getAllByText("Held back, TT-LLM-160")[0]?.closest("li");
    expect(held).toHaveTextContent("stopped by api_key");
    expect(held).not.toHaveTextContent(/ out,| in,|\$|free|cost/);
    expect(within(list).getAllByText(/about 1,204 tokens in, 312 out/).length).toBeGreaterThan(0);
    expect(within(list).getAllByText(/641 B out, 1 kB in/).length).toBeGreaterThan(0);
  });

  it("is read page by page, and only the rows to be seen exist", async () => {
    const { app } = openWindow("privacy", { entries: 120 });
    const list = await screen.findByRole("group", { name: "Every request" });
    expect(within(list).getAllByRole("listitem").length).toBeLessThan(40);
    expect(app.called("ledger_list")).toEqual([{ before: null, limit: 100 }]);
    Object.defineProperty(list, "scrollTop", { configurable: true, value: 90 * 76 });
    fireEvent.scroll(list);
    await waitFor(() => expect(app.called("ledger_list")).toContainEqual({ before: "100", limit: 100 }));
  });

  it("is nothing, where nobody was asked", async () => {
    openWindow("privacy", { entries: 0 });
    expect(await screen.findByText("Nothing left this machine")).toBeInTheDocument();
    expect(await screen.findByText("No requests yet")).toBeInTheDocument();
    await expectAccessible();
  });

  it("is kept for as long as is set", async () => {
    const { app, user } = openWindow("privacy");
    const days = await screen.findByRole("textbox", { name: "Keep this list" });
    await user.clear(days);
    await user.type(days, "90{Enter}");
    await waitFor(() => expect(patches(app)).toEqual([{ key: "privacy.ledger_days", value: 90 }]));
  });
});

describe("the ledger's numbers", () => {
  const plain = {
    number: (n: number) => `${n}`,
    dollars: (n: number) => `$${n}`,
    bytes: (n: number) => `${n / 1000} kB`,
  } as Formats;

  it("are summed by host, the busiest first, and its days newest first", () => {
    const hosts = byHost(ledgerDays(NOW));
    expect(hosts.map(({ host }) => host)).toEqual([
      "api.openai.com",
      "127.0.0.1",
      "openrouter.ai",
      "api.anthropic.com",
    ]);
    expect(hosts[0]?.days.map(({ day }) => day)).toEqual(["2026-11-22", "2026-11-21", "2026-11-18"]);
    expect(hosts[2]).toMatchObject({ sent: 7, bytes_out: 17_380, unknown_costs: 5 });
  });

  const sums = (change: Partial<LedgerDay>) => ({
    ...(ledgerDays(NOW)[0] as LedgerDay),
    sent: 4,
    cost: 0,
    unknown_costs: 0,
    ...change,
  });
  it.each([
    [{}, "free"],
    [{ unknown_costs: 4 }, "cost unknown"],
    [{ unknown_costs: 1 }, "free and 1 of unknown cost"],
    [{ cost: 0.5, unknown_costs: 1 }, "$0.5 and 1 of unknown cost"],
    [{ cost: 0.00001 }, "under $0.0001"],
    [{ sent: 0 }, undefined],
  ])("%o together are %s", (change, words) => expect(sumWords(sums(change), en, plain)).toBe(words));

  it("of one request say unknown, free, an amount, or nothing where nothing went", () => {
    const costs = ledger(7, NOW).map((row) => costWords(row, en, plain));
    expect(costs).toEqual(["$0.0061", "under $0.0001", "cost unknown", "$0.0012", undefined, "free", "free"]);
  });

  it("of one request that is under way say the most that it can be", () => {
    const under = ledger(1, NOW).map((row) => ({ ...row, is_open: true, code: "TT-LLM-160" }));
    expect(under.map((row) => [costWords(row, en, plain), fateOf(row)])).toEqual([["at most $0.0061", "open"]]);
  });

  it("tell small sizes to the byte", () => {
    expect([0, 641, 4120, null].map((bytes) => bytesWords(bytes, plain))).toEqual(["0 B", "641 B", "4.12 kB", "0 B"]);
  });

  it.each([
    ["127.0.0.1", true],
    ["127.8.0.1", true],
    ["LocalHost", true],
    ["[::1]", true],
    ["::1", true],
    ["127.0.0.1.example.org", false],
    ["192.168.0.4", false],
    ["api.openai.com", false],
  ])("count %s as this machine: %s", (host, is) => expect(isHere(host)).toBe(is));

  it("stay on their day in every zone", () => expect(dayOf("2026-11-22").getDate()).toBe(22));
});
