// Opens the real window on a fake app, for the tests.
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { expect } from "vitest";
import { App } from "../src/app/App";
import { AssistantApp } from "../src/app/AssistantApp";
import type { Problem } from "../src/ipc/bindings";
import { FakeApp } from "./fake/app";

export const refused: Problem = {
  code: "TT-STORE-602",
  message: "The database could not be used.",
  advice: "Close other copies of TonnyTray and try again.",
};

type Options = { entries?: number; before?: (app: FakeApp) => void };

export function openWindow(page: string, { entries = 120, before }: Options = {}) {
  const app = new FakeApp(new Date(), entries).install();
  before?.(app);
  window.location.hash = page;
  const user = userEvent.setup();
  return { app, user, ...render(<App />) };
}

/** Opens the assistant's window on a conversation, or on none. */
export function openAssistant(conversation = "", { entries = 120, before }: Options = {}) {
  const app = new FakeApp(new Date(), entries).install();
  before?.(app);
  window.location.hash = conversation === "" ? "" : `/${conversation}`;
  const user = userEvent.setup();
  return { app, assistant: app.assistant, user, ...render(<AssistantApp />) };
}

/** Waits for the page with this title. */
export const page = (title: string) => screen.findByRole("heading", { level: 1, name: title });

/** Fails with the rule and the element for anything a screen reader or keyboard user would stumble over. */
export async function expectAccessible(): Promise<void> {
  // jsdom paints nothing, so contrast is checked in the real browser by tests/pictures.
  const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}
