// The stage for the real browser: the built windows behind the app's own policy, and the fake app to put into them.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { build } from "vite";

export const ui = join(import.meta.dirname, "../..");
export const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** The app's own policy, so that what passes here passes there. */
const { csp: POLICY } = JSON.parse(readFileSync(join(ui, "../src-tauri/tauri.conf.json"), "utf8")).app.security;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2" };

export function serve() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://127.0.0.1").pathname);
    // The browser asks for an icon by itself.
    if (path === "/favicon.ico") return response.writeHead(204).end();
    const name = path === "/" ? "/index.html" : path;
    try {
      const body = readFileSync(join(ui, "dist", name));
      response.writeHead(200, {
        "content-type": TYPES[extname(name)] ?? "application/octet-stream",
        "content-security-policy": POLICY,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(server)));
}

export async function bundledFake() {
  const [{ output }] = await build({
    root: ui,
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      minify: false,
      lib: { entry: join(ui, "tests/pictures/inject.ts"), formats: ["iife"], name: "fake" },
    },
  });
  return output[0].code;
}
