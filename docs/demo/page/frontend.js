// What the front end of the library does before the speech gate judges a whole recording: `clstm::FrontendConfig::preprocess`,
// that is `remove_dc`, `speech_bounds` and `rms_normalize` of `clstm-audio`. The model does the same again by itself.

import { SILENCE_FLOOR } from "./constants.js";

function energyOf(samples, start, end) {
  let sum = 0;
  for (let i = start; i < end; i += 1) sum += samples[i] * samples[i];
  return sum;
}

// First sample of the speech and the one behind its last.
function speechBounds(samples, { sample_rate: rate, trim }) {
  const count = samples.length;
  const length = (seconds) => Math.max(0, Math.round(seconds * rate));
  const [frame, hop] = [Math.max(1, length(trim.frame_s)), Math.max(1, length(trim.hop_s))];
  if (count <= frame) return [0, count];
  const starts = [];
  for (let start = 0; start < count - frame; start += hop) starts.push(start);
  starts.push(count - frame);
  const energies = starts.map((start) => energyOf(samples, start, start + frame));
  const loudest = energies.reduce((a, b) => Math.max(a, b), 0);
  if (loudest < SILENCE_FLOOR ** 2 * frame) return [0, count];
  const loud = (energy) => energy >= loudest * 10 ** (Math.min(0, trim.threshold_db) / 10);
  const margin = length(trim.margin_s);
  const [first, last] = [starts[energies.findIndex(loud)], starts[energies.findLastIndex(loud)]];
  return [Math.max(0, first - margin), Math.min(count, last + frame + margin)];
}

// The clip of a recording: its samples, and whether it is silent.
export function preprocess(recording, config) {
  let sum = 0;
  for (const sample of recording) sum += sample;
  const mean = sum / Math.max(1, recording.length);
  const centred = recording.map((sample) => sample - mean);
  const samples = centred.slice(...speechBounds(centred, config));
  const level = Math.sqrt(energyOf(samples, 0, samples.length) / Math.max(1, samples.length));
  const silent = !(level >= SILENCE_FLOOR);
  const gain = silent ? 0 : config.target_rms / level;
  return { samples: samples.map((sample) => sample * gain), silent };
}
