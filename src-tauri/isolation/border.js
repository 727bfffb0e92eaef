// What every message of the page passes before it is sealed and given to the app: this frame has an origin of its own, and
// no script of the page can reach into it.

// No honest page asks for more, in letters: a list of workers of one's own is the longest, a secret has 8,192.
const LONGEST = 65536;

// One that is longer goes on without its content, so that the command refuses it and the page gets an answer.
window.__TAURI_ISOLATION_HOOK__ = (message) =>
  JSON.stringify(message.payload ?? null).length <= LONGEST ? message : { ...message, payload: {} };
