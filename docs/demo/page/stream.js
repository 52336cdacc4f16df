// Predictions along the time of a recording or of live audio, with the frames, windows and smoothing of
// `clstm/src/stream/mod.rs`. The settings are those of the library, from the metadata of the model.

import { preprocess } from "./frontend.js";
import { Segmenter } from "./segmenter.js";
import { Smoother } from "./smoother.js";
import { SpeechDetector } from "./speech-detector.js";

// A prediction as in the JSON of the command.
export function prediction(probabilities, labels) {
  // Of equal ones the last.
  const best = probabilities.reduce((b, p, i) => (p >= probabilities[b] ? i : b), 0);
  return {
    label: labels[best], confidence: probabilities[best],
    probabilities: Object.fromEntries(labels.map((label, i) => [label, probabilities[i]])),
  };
}

export class Stream {
  #engine;
  #config;
  #sizes;
  #speech;
  #smoother;
  #segmenter;
  #samples = new Float32Array(1 << 16);
  #total = 0;
  #next = 0;
  #nextProvisional = 0;

  // `config` is one of `engine.timeline`; `on` has the functions `frame` and `segment`.
  constructor(engine, config, on) {
    const { rate, frontend, labels } = engine;
    const length = (seconds) => Math.round(seconds * rate);
    const window = config.window_s === null ? frontend.max_steps * frontend.segment_length : length(config.window_s);
    const hop = length(config.hop_s);
    const most = Math.max(0, window - hop);
    const lookahead = config.lookahead_s === null ? Math.floor(most / 2) : Math.min(most, length(config.lookahead_s));
    const provisional = config.provisional_s === null ? Infinity : length(config.provisional_s);
    this.#engine = engine;
    this.#config = config;
    this.#sizes = { window, hop, lookahead, provisional: provisional < lookahead ? provisional : null };
    this.#speech = new SpeechDetector(config.speech);
    this.#smoother = new Smoother(config.smoothing_s);
    this.#segmenter = new Segmenter(config, labels);
    this.on = on;
  }

  get duration_s() {
    return this.#total / this.#engine.rate;
  }

  // Adds samples at the model's rate. Wait for it before the next call.
  async push(samples) {
    if (this.#total + samples.length > this.#samples.length) {
      const larger = new Float32Array(2 * (this.#total + samples.length));
      larger.set(this.#samples.subarray(0, this.#total));
      this.#samples = larger;
    }
    this.#samples.set(samples, this.#total);
    this.#total += samples.length;
    this.#speech.push(samples);
    await this.#advance(false);
  }

  // Ends the stream: the frames that were waiting for more audio, and the last segment.
  async finish() {
    this.#speech.finish();
    await this.#advance(true);
    this.#emit(this.#segmenter.finish());
  }

  #emit(segment) {
    if (segment) this.on.segment(segment);
  }

  async #advance(ended) {
    const { hop, lookahead, provisional } = this.#sizes;
    for (;;) {
      const due = (frame, ahead) => (frame + 1) * hop + ahead;
      const final = due(this.#next, lookahead);
      const early = provisional === null ? Infinity : due(this.#nextProvisional, provisional);
      // A frame at the end of the stream gets its final prediction at once.
      const isEarly = early < final && (!ended || early <= this.#total);
      const at = isEarly ? early : final;
      const frame = isEarly ? this.#nextProvisional : this.#next;
      const [start, end] = [frame * hop, (frame + 1) * hop];
      const complete = this.#total >= at && this.#speech.knows(at);
      if (!complete && !(ended && start < this.#total)) return;
      await this.#frame([start, Math.min(end, this.#total)], at - end, isEarly);
      if (isEarly) this.#nextProvisional += 1;
      else this.#next += 1;
    }
  }

  async #frame(samples, lookahead, provisional) {
    const { rate, labels, frontend } = this.#engine;
    const speech = this.#speech.share(samples);
    let probabilities = null;
    if (speech > 0 && speech >= this.#config.speech.min_share) {
      const window = this.#samples.slice(...this.#window(samples, Math.min(samples[1] + lookahead, this.#total)));
      if (!preprocess(window, frontend).silent) probabilities = await this.#engine.probabilities(window);
    }
    const [start_s, end_s] = samples.map((sample) => sample / rate);
    const smoothed = provisional ? this.#smoother.preview(probabilities, end_s) : this.#smoother.next(probabilities, end_s);
    const frame = { start_s, end_s, speech, ...(smoothed ? prediction(smoothed, labels) : { label: null }) };
    if (provisional) {
      this.on.frame({ ...frame, provisional: true });
      return;
    }
    this.on.frame(frame);
    this.#emit(this.#segmenter.next(frame));
  }

  // First sample of a frame's window, and the one behind its last, which is at most `end`.
  #window(samples, end) {
    const { window } = this.#sizes;
    const pause_s = this.#config.utterance_pause_s;
    if (pause_s === null) return [Math.max(0, end - window), end];
    // A window that ends early, at a pause, reaches back further.
    const reach = [Math.max(0, samples[1] - window), end];
    const [from, to] = this.#speech.utterance(samples, reach, pause_s);
    return [Math.max(from, to - window), to];
  }
}
