// Exponential moving average of log-probabilities over time: `clstm/src/stream/smoother.rs`.

import { MIN_PROBABILITY } from "./constants.js";

export class Smoother {
  #smoothing_s;
  #average = null; // the logarithms of the last prediction, and its end
  #end_s = 0;

  constructor(smoothing_s) {
    this.#smoothing_s = smoothing_s;
  }

  // Smoothed probabilities of the next frame, which ends at `end_s`; null for a frame without speech.
  next(probabilities, end_s) {
    const hop_s = end_s - this.#end_s;
    this.#end_s = end_s;
    if (!probabilities) {
      // After a pause of that length nothing of the past counts.
      if (this.#average && end_s - this.#average.end_s >= this.#smoothing_s) this.#average = null;
      return null;
    }
    const logs = this.#logs(probabilities, hop_s);
    this.#average = { logs, end_s };
    return normalized(logs);
  }

  // What `next` would return for a later frame, from what is known now.
  preview(probabilities, end_s) {
    return probabilities && normalized(this.#logs(probabilities, end_s - this.#end_s));
  }

  #logs(probabilities, elapsed_s) {
    const logs = probabilities.map((p) => Math.log(Math.max(p, MIN_PROBABILITY)));
    if (!this.#average || !(this.#smoothing_s > 0)) return logs;
    const past = Math.exp(-elapsed_s / this.#smoothing_s);
    return logs.map((log, i) => past * this.#average.logs[i] + (1 - past) * log);
  }
}

function normalized(logs) {
  const largest = Math.max(...logs);
  const powers = logs.map((log) => Math.exp(log - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
