// Speech and pauses along a stream of samples at 16 kHz: `clstm/src/speech/detector.rs`.

import { BLOCK, SpeechGate } from "./speech-gate.js";
import { FRAME, VoiceActivity } from "./voice-activity.js";

const FRAMES = BLOCK / FRAME;
const RATE = 16000;

export class SpeechDetector {
  #config;
  #detector = new VoiceActivity();
  #gate = new SpeechGate();
  #rest = new Float32Array(0);
  #block = [];
  #voiced = [];
  #frames = []; // whether each frame is speech
  #release = 0;

  constructor(config) {
    this.#config = config;
  }

  push(samples) {
    const all = new Float32Array(this.#rest.length + samples.length);
    all.set(this.#rest);
    all.set(samples, this.#rest.length);
    const whole = Math.floor(all.length / FRAME) * FRAME;
    for (let start = 0; start < whole; start += FRAME) this.#add(all.subarray(start, start + FRAME));
    this.#rest = all.slice(whole);
  }

  // Processes what is left at the end of the stream.
  finish() {
    this.#judgeBlock();
  }

  #add(frame) {
    const clipped = frame.map((sample) => Math.max(-1, Math.min(1, sample)));
    const voiced = this.#detector.score(clipped) >= this.#config.threshold;
    this.#block.push(...clipped);
    this.#voiced.push(voiced || this.#release > 0);
    const release = Math.round((this.#config.release_s * RATE) / FRAME);
    this.#release = voiced ? release : Math.max(0, this.#release - 1);
    if (this.#voiced.length === FRAMES) this.#judgeBlock();
  }

  // Decides whether the voiced frames of the block are speech.
  #judgeBlock() {
    this.#gate.push(this.#block);
    const speech = this.#voiced.includes(true) && this.#gate.isSpeech();
    this.#frames.push(...this.#voiced.map((voiced) => voiced && speech));
    [this.#block, this.#voiced] = [[], []];
  }

  // Whether every frame that ends by `sample` has been judged.
  knows(sample) {
    return this.#frames.length >= Math.floor(sample / FRAME);
  }

  // Indices of the frames that end in these samples.
  #range([from, to]) {
    const end = Math.min(Math.floor(to / FRAME), this.#frames.length);
    return [Math.min(Math.floor(from / FRAME), end), end];
  }

  // Share of the frames that end in these samples that are speech.
  share(samples) {
    const [from, to] = this.#range(samples);
    return this.#frames.slice(from, to).filter(Boolean).length / Math.max(1, to - from);
  }

  // The part of `within` that has the speech of `samples` and no pause of `pause_s` or longer before or behind it.
  utterance(samples, within, pause_s) {
    const pause = Math.max(1, Math.ceil((pause_s * RATE) / FRAME));
    const margin = Math.min(6, Math.floor(pause / 2));
    const [core, all] = [this.#range(samples), this.#range(within)];
    const frames = this.#frames;
    const inside = frames.indexOf(true, core[0]);
    if (inside < 0 || inside >= core[1]) return within;
    let [start, end] = within;
    let edge = inside;
    for (let frame = inside - 1; frame >= all[0]; frame -= 1) {
      if (frames[frame]) {
        edge = frame;
      } else if (edge - frame >= pause) {
        start = Math.max(start, (edge - margin) * FRAME);
        break;
      }
    }
    edge = frames.lastIndexOf(true, core[1] - 1);
    for (let frame = edge + 1; frame < all[1]; frame += 1) {
      if (frames[frame]) {
        edge = frame;
      } else if (frame - edge >= pause) {
        end = Math.min(end, (edge + 1 + margin) * FRAME);
        break;
      }
    }
    return [start, end];
  }
}
