// Recordings: files in, records out.

import { MIN_SPEECH, MIN_SPEECH_S } from "./constants.js";
import { decode } from "./decode.js";
import { preprocess } from "./frontend.js";
import { PEAK_RATE, peaksOf } from "./peaks.js";
import { meanOf } from "./prediction.js";
import { fileQueue } from "./queue.js";
import { speechSeconds } from "./speech-gate.js";
import { Stream, prediction } from "./stream.js";

// Above this duration the prediction for the whole is the mean over its frames: the model computes all windows of a recording
// at once, which takes memory.
const WHOLE_S = 60;
// Samples that are processed before the page is drawn again.
const PIECE = 16000;

// Lets the browser draw.
const pause = () => new Promise((resolve) => { setTimeout(resolve); });

// The prediction for the whole; null without speech.
async function whole(samples, frames, engine) {
  const clip = preprocess(samples, engine.frontend);
  if (clip.silent) return null;
  const clip_s = clip.samples.length / engine.rate;
  if (speechSeconds(clip.samples, engine.rate) < Math.max(MIN_SPEECH_S, MIN_SPEECH * clip_s)) return null;
  if (samples.length > WHOLE_S * engine.rate) return meanOf(frames, engine.labels);
  return prediction(await engine.probabilities(samples), engine.labels);
}

async function recognize({ file }, engine) {
  const samples = await decode(file, engine.rate);
  const [frames, segments] = [[], []];
  const stream = new Stream(engine, engine.timeline.recording, {
    frame: (frame) => frames.push(frame),
    segment: (segment) => segments.push(segment),
  });
  for (let start = 0; start < samples.length; start += PIECE) {
    await stream.push(samples.subarray(start, start + PIECE));
    await pause();
  }
  await stream.finish();
  const [peaks] = engine.rate === PEAK_RATE ? peaksOf([samples]) : [null];
  return {
    name: file.name, model: engine.model, labels: engine.labels, duration_s: samples.length / engine.rate,
    hop_s: engine.timeline.recording.hop_s, chosen: 0, sound: file,
    lanes: [{ name: "", about: "as a whole", whole: await whole(samples, frames, engine), frames, segments, peaks }],
  };
}

// A function that recognises files; `engine` is a promise.
export const recordings = (engine) => fileQueue(async (entry) => recognize(entry, await engine));
