// Features of 32 ms of audio for the speech gate: `clstm-audio/src/speech/spectrum.rs`.

import { BANDS, EDGES_HZ, FFT, GROUPS, LAGS, RATE, SILENCE_DB } from "./constants.js";
import { fourier } from "./fft.js";

const BINS = FFT / 2 + 1;

export const SILENCE = {
  bands: new Array(BANDS).fill(SILENCE_DB), levels: new Array(4).fill(SILENCE_DB), harmonicity: 0, pitch: 7, flatness: 0,
  peakShare: 0, lowShare: 0,
};

const transform = fourier(FFT);
const [re, im, power] = [new Float64Array(FFT), new Float64Array(FFT), new Float64Array(BINS)];
const hann = Float64Array.from({ length: FFT }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FFT));
// Reciprocal of the normalised autocorrelation of the window.
const untaper = (() => {
  const product = (lag) => hann.slice(lag).reduce((sum, x, i) => sum + x * hann[i], 0);
  return Float64Array.from({ length: LAGS[1] + 1 }, (_, lag) => product(0) / product(lag));
})();

const bin = (hz) => Math.round((hz * FFT) / RATE);
const decibels = (p) => 10 * Math.log10(p + 1e-12);

function sum(from, to) {
  let total = 0;
  for (let i = from; i < to; i += 1) total += power[i];
  return total;
}

const bandPower = (from, to) => sum(bin(EDGES_HZ[from]), bin(EDGES_HZ[to]));

function flatness() {
  const [from, to] = [bin(200), bin(4000)];
  const mean = sum(from, to) / (to - from) + 1e-20;
  let logs = 0;
  for (let i = from; i < to; i += 1) logs += Math.log(power[i] / mean + 1e-6);
  return ((10 / Math.LN10) * logs) / (to - from);
}

// Height and log-frequency of the highest peak of the autocorrelation, which is the transform of the power.
function pitch() {
  for (let i = 0; i < FFT; i += 1) [re[i], im[i]] = [power[Math.min(i, FFT - i)], 0];
  transform(re, im);
  const at = (lag) => re[lag] * untaper[lag];
  const energy = Math.max(at(0), 1e-20);
  let best = [0, LAGS[0]];
  for (let lag = LAGS[0]; lag < LAGS[1]; lag += 1) {
    // Of a period and its multiples, the shortest.
    const height = at(lag) - 0.0004 * energy * lag;
    if (height > best[0] && at(lag) >= at(lag - 1) && at(lag) >= at(lag + 1)) best = [height, lag];
  }
  const [before, here, after] = [best[1] - 1, best[1], best[1] + 1].map(at);
  const curvature = before - 2 * here + after;
  const shift = curvature < 0 ? Math.max(-0.5, Math.min(0.5, (0.5 * (before - after)) / curvature)) : 0;
  return [Math.max(0, Math.min(1, here / energy)), Math.log2(RATE / (best[1] + shift))];
}

// Features of `FFT` samples from `start` on.
export function analyze(samples, start) {
  for (let i = 0; i < FFT; i += 1) [re[i], im[i]] = [samples[start + i] * hann[i], 0];
  transform(re, im);
  for (let i = 0; i < BINS; i += 1) power[i] = (re[i] * re[i] + im[i] * im[i]) / ((FFT * FFT) / 4);
  power[0] = 0;
  const total = sum(0, BINS);
  if (total < 1e-11) return SILENCE;
  const bands = Array.from({ length: BANDS }, (_, band) => decibels(bandPower(band, band + 1)));
  const levels = [...GROUPS.map(([from, to]) => decibels(bandPower(from, to))), decibels(total)];
  const strongest = Float64Array.from(power).sort().slice(-4);
  const [harmonicity, log] = pitch();
  return {
    bands, levels, harmonicity, pitch: log, flatness: flatness(),
    peakShare: strongest.reduce((a, b) => a + b) / total, lowShare: sum(0, bin(110)) / total,
  };
}
