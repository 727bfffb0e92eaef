// What was said in the fake app: rows of the history and the sound behind them.
import type { HistoryRow } from "../../src/ipc/bindings";

const SENTENCES = [
  "Let us meet on Thursday at ten. I will bring the numbers from last quarter, and you could show the two drafts we talked about, so that we can decide on one before lunch.",
  "Please rename the branch before you push it.",
  "Zoë's naïve café is open until nine.",
  "The second paragraph says the same as the first; cut it, and move the example up to the top where people will actually see it.",
  "Ask not what your country can do for you, ask what you can do for your country.",
  "Reply to Jonas: yes, works for me.",
];

/** A second of speech-like sound as a WAV file: 16 kHz, mono, 16 bit. */
export function wav(seconds = 3.2): ArrayBuffer {
  const rate = 16_000;
  const frames = Math.round(seconds * rate);
  const bytes = new DataView(new ArrayBuffer(44 + frames * 2));
  const word = (at: number, text: string) => {
    for (let index = 0; index < text.length; index += 1) bytes.setUint8(at + index, text.charCodeAt(index));
  };
  word(0, "RIFF");
  bytes.setUint32(4, 36 + frames * 2, true);
  word(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  word(36, "data");
  bytes.setUint32(40, frames * 2, true);
  for (let index = 0; index < frames; index += 1) {
    const at = index / rate;
    const loudness = Math.max(0, Math.sin(at * 5.1)) * (0.4 + 0.6 * Math.abs(Math.sin(at * 1.7)));
    bytes.setInt16(44 + index * 2, Math.round(loudness * 16_000 * Math.sin(at * 900)), true);
  }
  return bytes.buffer;
}

export function row(index: number, at: Date): HistoryRow {
  return {
    id: `u${index}`,
    started_at: at.toISOString(),
    text: SENTENCES[index % SENTENCES.length] ?? "",
    raw_text: null,
    state: "delivered",
    route: "type",
    engine: "speech",
    model: "whisper-tiny.en",
    language: "en",
    inserted_by: index % 2 === 0 ? "paste" : "type",
    target: index % 2 === 0 ? "firefox" : "xterm",
    error_code: null,
    error_message: null,
    audio_ms: 2100 + ((index * 1370) % 9000),
    has_audio: true,
    recovered: false,
    profile: null,
    speaker: null,
    confidence: null,
    success: null,
    timings_ms: { first_sample: 42, release: 3180, last_audio: 3195, final_text: 3402, delivered: 3446 },
    matches: [],
  };
}

/** `count` utterances before `now`, newest first, a few of which went less well. */
export function history(count: number, now: Date): HistoryRow[] {
  const rows = Array.from({ length: count }, (_, index) =>
    row(index, new Date(now.getTime() - (index * 97 + 3) * 60_000)),
  );
  const worse: [number, Partial<HistoryRow>][] = [
    [
      2,
      {
        state: "kept",
        inserted_by: null,
        error_code: "TT-INSERT-402",
        error_message: "The window did not take the text.",
      },
    ],
    [
      4,
      {
        state: "failed",
        text: "",
        has_audio: true,
        inserted_by: null,
        target: null,
        error_code: "TT-ENGINE-302",
        error_message: "The speech engine stopped and did not come back in time.",
        timings_ms: { first_sample: 40, release: 5100, last_audio: 5120 },
      },
    ],
    [5, { state: "cancelled", inserted_by: null, target: null }],
    [7, { recovered: true, state: "kept", inserted_by: null }],
  ];
  for (const [index, change] of worse) {
    const found = rows[index];
    if (found) rows[index] = { ...found, ...change };
  }
  return rows;
}
