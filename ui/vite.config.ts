// Builds the windows into ui/dist: one page each, relative addresses, nothing inline, so that it runs under a
// content security policy without 'unsafe-inline'.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { fitForFrozenPrototypes } from "./frozen";

export default defineConfig({
  base: "./",
  plugins: [react(), fitForFrozenPrototypes()],
  clearScreen: false,
  server: { host: "127.0.0.1", port: 1420, strictPort: true },
  build: {
    // WebKitGTK 2.42 and WebView2 both know ES2022.
    target: "es2022",
    // An inlined font or picture would need data: in the policy.
    assetsInlineLimit: 0,
    // One file from the local disk; splitting it would only add requests before the first paint.
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
    // The settings window and the assistant's.
    rolldownOptions: { input: ["index.html", "assistant.html"] },
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    testTimeout: 40_000,
    css: false,
    // What a passing test prints is noise in front of what a failing one says.
    silent: "passed-only",
  },
});
