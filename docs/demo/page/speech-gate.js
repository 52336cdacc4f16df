// The speech gate, which separates speech from hum, noise, tones and music by the last second:
// `clstm-audio/src/speech/context.rs` and `gate.rs`.

import {
  AUDIBLE_DB, BANDS, CLIP, CONTEXT, FFT, GROUPS, HIDDEN_BIAS, HIDDEN_WEIGHTS, MEAN, OUTPUT_BIAS, OUTPUT_WEIGHTS, PAUSE_DB,
  SCALE, SILENCE_DB, SYLLABLES, THRESHOLD,
} from "./constants.js";
import { analyze } from "./spectrum.js";

// Samples that are judged together.
export const BLOCK = 2 * FFT;

// Mean and standard deviation; zeros for no values.
function moments(values) {
  const count = Math.max(1, values.length);
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((a, b) => a + b * b, 0) / count;
  return [mean, Math.sqrt(Math.max(0, squares - mean * mean))];
}

const levelOf = (frame) => frame.levels[3];

// Mean and spread of each band's level relative to the frame's, and how fast the spectrum's shape changes.
function spectrumValues(frames, pause, floor) {
  const shapes = [];
  const changes = GROUPS.map(() => 0);
  let [pairs, before] = [0, null];
  for (const frame of frames) {
    const level = levelOf(frame);
    if (level <= pause) {
      before = null;
      continue;
    }
    const shape = frame.bands.map((band) => Math.max(band, floor) - level);
    shapes.push(shape);
    if (before) {
      GROUPS.forEach(([from, to], group) => {
        for (let band = from; band < to; band += 1) changes[group] += Math.abs(before[band] - shape[band]) / (to - from);
      });
      pairs += 1;
    }
    before = shape;
  }
  const bands = Array.from({ length: BANDS }, (_, band) => {
    const [mean, spread] = moments(shapes.map((shape) => shape[band]));
    return [mean / 20 + 0.5, spread / 10];
  });
  return [...bands.flat(), ...changes.map((change) => change / Math.max(1, pairs) / 10)];
}

// Of the level of each group and of the whole: its spread, and the shares of its modulation at the rate of syllables and above.
function modulationValues(frames, floor) {
  return [0, 1, 2, 3].flatMap((group) => {
    const levels = frames.map((frame) => Math.max(frame.levels[group], floor));
    const [mean, spread] = moments(levels);
    let [slow, syllables] = [0, 0];
    for (let k = 1; k <= SYLLABLES; k += 1) {
      let [cosine, sine] = [0, 0];
      levels.forEach((level, t) => {
        const phase = (2 * Math.PI * k * t) / CONTEXT;
        cosine += (level - mean) * Math.cos(phase);
        sine += (level - mean) * Math.sin(phase);
      });
      if (k === 1) slow = cosine ** 2 + sine ** 2;
      else syllables += cosine ** 2 + sine ** 2;
    }
    const all = (CONTEXT * levels.reduce((sum, level) => sum + (level - mean) ** 2, 0)) / 2;
    return [spread / 10, syllables / (all + 1), Math.max(0, all - slow - syllables) / (all + 1)];
  });
}

// Harmonicity, flatness, pitch, and concentration of the power, of the frames above `pause`.
function textureValues(frames, pause) {
  const active = frames.filter((frame) => levelOf(frame) > pause);
  const of = (name) => active.map((frame) => frame[name]);
  const pitches = [];
  let [change, rests, jumps, pairs, before] = [0, 0, 0, 0, null];
  for (const frame of frames) {
    if (levelOf(frame) <= pause || frame.harmonicity <= 0.5) {
      before = null;
      continue;
    }
    pitches.push(frame.pitch);
    if (before !== null) {
      const octaves = Math.abs(before - frame.pitch);
      change += Math.min(0.3, octaves);
      rests += octaves < 0.004;
      jumps += octaves > 0.2;
      pairs += 1;
    }
    before = frame.pitch;
  }
  pairs = Math.max(1, pairs);
  const [harmonicity, flatness] = [moments(of("harmonicity")), moments(of("flatness"))];
  const peakShare = moments(of("peakShare"));
  return [
    active.length / CONTEXT, harmonicity[0], 2 * harmonicity[1], Math.max(0, ...of("harmonicity")),
    flatness[0] / 20 + 0.5, flatness[1] / 5,
    moments(pitches)[1], (5 * change) / pairs, rests / pairs, jumps / pairs, pitches.length / Math.max(1, active.length),
    peakShare[0], 3 * peakShare[1], moments(of("lowShare"))[0],
  ];
}

// The network's output, before the logistic function.
function logit(values) {
  const hidden = [...HIDDEN_BIAS];
  values.forEach((value, i) => {
    const scaled = Math.max(-CLIP, Math.min(CLIP, (value - MEAN[i]) * SCALE[i]));
    HIDDEN_WEIGHTS[i].forEach((weight, unit) => { hidden[unit] += scaled * weight; });
  });
  return hidden.reduce((sum, value, unit) => sum + Math.tanh(value) * OUTPUT_WEIGHTS[unit], OUTPUT_BIAS);
}

export class SpeechGate {
  #frames = [];

  // Adds samples at 16 kHz, of which an incomplete frame at the end is ignored.
  push(block) {
    for (let start = 0; start + FFT <= block.length; start += FFT) this.#frames.push(analyze(block, start));
    this.#frames.splice(0, this.#frames.length - CONTEXT);
  }

  get #loudest() {
    return this.#frames.map(levelOf).reduce((a, b) => Math.max(a, b), SILENCE_DB);
  }

  // Whether the last second is speech.
  isSpeech() {
    const loudest = this.#loudest;
    if (loudest < AUDIBLE_DB) return false;
    const [frames, floor, pause] = [this.#frames, loudest - 55, loudest - PAUSE_DB];
    const values = [...spectrumValues(frames, pause, floor), ...modulationValues(frames, floor), ...textureValues(frames, pause)];
    return logit(values) > THRESHOLD;
  }

  // Whether the latest block is louder than a pause.
  isActive() {
    const latest = this.#frames.slice(-2).map(levelOf);
    return latest.reduce((a, b) => Math.max(a, b), SILENCE_DB) > this.#loudest - PAUSE_DB;
  }
}

// Seconds of speech in a clip at 16 kHz: `clstm_audio::speech_seconds`.
export function speechSeconds(samples, rate) {
  const gate = new SpeechGate();
  let speech = 0;
  for (let start = 0; start < samples.length; start += BLOCK) {
    const block = samples.subarray(start, start + BLOCK);
    gate.push(block);
    if (gate.isActive() && gate.isSpeech()) speech += block.length;
  }
  return speech / rate;
}
