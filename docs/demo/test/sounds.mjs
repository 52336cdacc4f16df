// WAV files for the tests.

export const RATE = 16000;

// The samples of a 16-bit mono WAV file.
export function readWav(bytes) {
  let at = 12;
  while (bytes.toString("latin1", at, at + 4) !== "data") at += 8 + bytes.readUInt32LE(at + 4);
  const length = bytes.readUInt32LE(at + 4);
  return Float32Array.from({ length: length / 2 }, (_, i) => bytes.readInt16LE(at + 8 + 2 * i) / 32768);
}

// A 16-bit WAV file; `channels` are arrays of samples.
export function wav(channels, rate = RATE) {
  const size = 2 * channels.length * channels[0].length;
  const bytes = Buffer.alloc(44 + size);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(36 + size, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(2 * channels.length * rate, 28);
  bytes.writeUInt16LE(2 * channels.length, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(size, 40);
  let at = 44;
  for (let i = 0; i < channels[0].length; i += 1) {
    for (const channel of channels) {
      bytes.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, channel[i]))), at);
      at += 2;
    }
  }
  return bytes;
}

export const joined = (...parts) => Float32Array.from(parts.flatMap((part) => [...part]));
export const silence = (seconds) => new Float32Array(Math.round(seconds * RATE));
export const louder = (samples, gain) => samples.map((sample) => gain * sample);

// A tone, and noise of a fixed seed.
export const tone = (seconds, hz) => silence(seconds).map((_, i) => 0.3 * Math.sin((2 * Math.PI * hz * i) / RATE));
export function noise(seconds, level) {
  let state = 1;
  return silence(seconds).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return level * (state / 2 ** 31 - 1);
  });
}

// The samples at a whole multiple of the rate: zeros between them, filtered by a windowed sinc.
export function upsampled(samples, factor) {
  const reach = 32 * factor;
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const x = (Math.PI * (i - reach)) / factor;
    const sinc = x === 0 ? 1 : Math.sin(x) / x;
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * (i - reach)) / reach));
  });
  const result = new Float32Array(samples.length * factor);
  samples.forEach((sample, i) => {
    for (let k = -reach; k <= reach; k += 1) {
      const at = i * factor + k;
      if (at >= 0 && at < result.length) result[at] += sample * kernel[k + reach];
    }
  });
  return result;
}
