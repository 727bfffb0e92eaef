// What a real web view has and jsdom lacks, and a clean slate after each test.
import "@testing-library/jest-dom/vitest";
import { notifications } from "@mantine/notifications";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

window.matchMedia = vi.fn().mockImplementation((query: string) => ({
  // Reduced motion lets dialogs open and close at once.
  matches: query.includes("prefers-reduced-motion"),
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
  addListener: () => undefined,
  removeListener: () => undefined,
}));

class NeverResizes {
  observe() {}
  unobserve() {}
  disconnect() {}
}
window.ResizeObserver = NeverResizes as unknown as typeof ResizeObserver;
// The accessibility checks measure letters; without a canvas they go by the styles alone.
HTMLCanvasElement.prototype.getContext = () => null;
// A field that grows with its text measures again when a font arrives.
Object.defineProperty(document, "fonts", { configurable: true, value: new EventTarget() });
Element.prototype.scrollIntoView = () => undefined;
// The virtual list asks how high its frame is; jsdom lays nothing out.
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, value: 600 });
Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, value: 760 });

// A busy machine draws slowly; a test that fails waits this long, one that passes does not.
configure({ asyncUtilTimeout: 8000 });

afterEach(() => {
  notifications.clean();
  cleanup();
  localStorage.clear();
  window.location.hash = "";
});
