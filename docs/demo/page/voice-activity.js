// Voice activity of 16 ms: the detector of the crate `earshot` (MIT or Apache-2.0), which the library uses in timelines. The
// build copies its tables and weights.

import { HANN_WINDOW, MEL_COEFFS } from "./constants.js";
import { fourier } from "./fft.js";

export const FRAME = 256;
const [FFT, WINDOW, BANDS, CONTEXT, CHANNELS] = [1024, 768, 40, 3, 16];
const PRE_EMPHASIS = 0.97;

const transform = fourier(FFT);

// Offsets in the file of weights, in `f32` values; those of the recurrent layers are `i16`.
function weightsOf(buffer) {
  const floats = (at, count) => new Float32Array(buffer, 4 * at, count);
  const integers = (at, count) => new Int16Array(buffer, 4 * at, count);
  return {
    norm: floats(0, 40), kernel1: floats(40, 9), weight1: floats(49, 16), bias1: floats(65, 16),
    kernel2: floats(81, 48), weight2: floats(129, 256), bias2: floats(385, 16), kernel3: floats(401, 48), weight3: floats(449, 256),
    rnn1: integers(705, 10240), rnn2: integers(5825, 8192), output: integers(9921, 128),
  };
}

let weights = null;

export async function loadVoiceActivity() {
  const response = await fetch("voice-activity.bin");
  if (!response.ok) throw new Error("voice-activity.bin cannot be loaded. Reload the page.");
  weights = weightsOf(await response.arrayBuffer());
}

// A 3 x 3 convolution over the context, 16 channels, max pooling and ReLU: [16][18].
function layer1(features) {
  const row = Array.from({ length: BANDS - 2 }, (_, x) => {
    let sum = 0;
    for (let t = 0; t < CONTEXT; t += 1) {
      for (let k = 0; k < 3; k += 1) sum += features[t][x + k] * weights.kernel1[3 * t + k];
    }
    return sum;
  });
  return Array.from({ length: CHANNELS }, (_, c) => Array.from({ length: 18 }, (__, q) => {
    const value = (x) => row[x] * weights.weight1[c] + weights.bias1[c];
    return Math.max(0, value(2 * q), value(2 * q + 1), value(2 * q + 2));
  }));
}

// A separable convolution of stride 2: [16][length] to [16][positions].
function separable(input, positions, kernel, weight) {
  const output = Array.from({ length: CHANNELS }, () => new Array(positions).fill(0));
  for (let x = 0; x < positions; x += 1) {
    for (let c = 0; c < CHANNELS; c += 1) {
      let sum = 0;
      for (let k = 0; k < 3; k += 1) sum += (input[c][2 * x + k - 1] ?? 0) * kernel[3 * c + k];
      for (let o = 0; o < CHANNELS; o += 1) output[o][x] += sum * weight[CHANNELS * o + c];
    }
  }
  return output;
}

const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

// A minimal GRU in fixed point; `state` is replaced.
function recurrent(input, state, weight) {
  const sums = Array.from({ length: 128 }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < input.length; i += 1) sum += input[i] * weight[row * input.length + i];
    return sum;
  });
  for (let i = 0; i < 64; i += 1) {
    const gate = clamp(sums[64 + i] * 4, 0, 16777215);
    const mixed = (16777215 - gate) * (state[i] * 512) + gate * sums[i];
    state[i] = clamp(Math.floor(mixed / 2 ** 33), -32768, 32767);
  }
}

export class VoiceActivity {
  #before = 0;
  #samples = new Float32Array(WINDOW);
  #features = Array.from({ length: CONTEXT }, () => new Float32Array(BANDS));
  #states = [new Int16Array(64), new Int16Array(64)];

  // The score, 0 to 1, of `FRAME` samples at 16 kHz.
  score(frame) {
    this.#samples.copyWithin(0, FRAME);
    for (let i = 0; i < FRAME; i += 1) {
      const sample = Math.fround(32768 * frame[i]);
      this.#samples[WINDOW - FRAME + i] = sample - PRE_EMPHASIS * this.#before;
      this.#before = sample;
    }
    this.#features.shift();
    this.#features.push(this.#bands());
    let hidden = separable(layer1(this.#features), 9, weights.kernel2, weights.weight2);
    hidden = hidden.map((row, c) => row.map((value) => Math.max(0, value + weights.bias2[c])));
    const last = separable(hidden, 5, weights.kernel3, weights.weight3);
    const fixed = Array.from({ length: 80 }, (_, i) => {
      const value = last[i % CHANNELS][Math.floor(i / CHANNELS)] * 32768;
      // Halves are rounded away from zero.
      return clamp(Math.sign(value) * Math.round(Math.abs(value)), -32768, 32767);
    });
    const [first, second] = this.#states;
    recurrent(fixed, first, weights.rnn1);
    recurrent(first, second, weights.rnn2);
    let sum = 0;
    for (let i = 0; i < 128; i += 1) sum += (i < 64 ? first[i] : second[i - 64]) * weights.output[i];
    return 1 / (1 + Math.exp(-sum / 16777216));
  }

  // Normalised logarithms of the energies in mel bands.
  #bands() {
    const [re, im] = [new Float64Array(FFT), new Float64Array(FFT)];
    for (let i = 0; i < WINDOW; i += 1) re[i] = this.#samples[i] * HANN_WINDOW[i];
    transform(re, im);
    const bands = MEL_COEFFS.map(([start, coefficients]) => {
      let energy = 0;
      coefficients.forEach((factor, i) => { energy += factor * (re[start + i] ** 2 + im[start + i] ** 2); });
      return Math.log(energy / 32768 ** 2 + 1e-20);
    });
    const rms = Math.sqrt(bands.reduce((sum, x) => sum + x * x, 0) / BANDS);
    return Float32Array.from(bands, (band, i) => (weights.norm[i] * band) / rms);
  }
}
