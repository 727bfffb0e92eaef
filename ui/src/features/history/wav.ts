// A recording out of the bytes of its WAV file, and its outline for drawing. Decoded here because the content security
// policy lets no audio element load anything: pure, tested with files made by hand.

export type Recording = { rate: number; samples: Float32Array<ArrayBuffer> };

/** 16 bit PCM and 32 bit float, as the app writes them; undefined for anything else. All channels become one. */
export function readWav(file: ArrayBuffer): Recording | undefined {
  const bytes = new DataView(file);
  if (bytes.byteLength < 12 || tag(bytes, 0) !== "RIFF" || tag(bytes, 8) !== "WAVE") return undefined;
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = bytes.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(bytes, at) === "fmt " && body + 16 <= bytes.byteLength) format = readFormat(bytes, body);
    if (tag(bytes, at) === "data" && format !== undefined)
      // A header whose length was not brought up to date: the rest of the file is sound.
      return readSamples(bytes, body, Math.min(size, bytes.byteLength - body), format);
    at = body + size + (size % 2);
  }
  return undefined;
}

type Format = { float: boolean; channels: number; rate: number; bits: number };

function tag(bytes: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((offset) => bytes.getUint8(at + offset)));
}

function readFormat(bytes: DataView, at: number): Format {
  return {
    float: bytes.getUint16(at, true) === 3,
    channels: bytes.getUint16(at + 2, true),
    rate: bytes.getUint32(at + 4, true),
    bits: bytes.getUint16(at + 14, true),
  };
}

function readSamples(bytes: DataView, from: number, size: number, format: Format): Recording | undefined {
  const { float, channels, rate, bits } = format;
  const known = (float && bits === 32) || (!float && bits === 16);
  if (!known || channels === 0 || rate === 0) return undefined;
  const width = bits / 8;
  const one = (at: number) => (float ? bytes.getFloat32(at, true) : bytes.getInt16(at, true) / 32_768);
  const samples = new Float32Array(Math.floor(size / (width * channels)));
  for (let index = 0; index < samples.length; index += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += one(from + (index * channels + channel) * width);
    samples[index] = sum / channels;
  }
  return { rate, samples };
}

/** The loudest moment of each of `count` equal parts, 0 to 1, against the loudest of all. */
export function outline({ samples }: Recording, count: number): number[] {
  const peaks = Array.from({ length: count }, (_, part) => {
    const from = Math.floor((part * samples.length) / count);
    const to = Math.floor(((part + 1) * samples.length) / count);
    let peak = 0;
    for (let index = from; index < to; index += 1) peak = Math.max(peak, Math.abs(samples[index] ?? 0));
    return peak;
  });
  const loudest = Math.max(...peaks, 1e-4);
  return peaks.map((peak) => peak / loudest);
}
