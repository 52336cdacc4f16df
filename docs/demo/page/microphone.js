// The microphone: predictions while the audio arrives.

import { openMicrophone } from "./capture.js";
import { alarm, clock, announce } from "./dom.js";
import { remember, view } from "./history.js";
import { addPeaks, emptyPeaks } from "./peaks.js";
import { meanOf, showPrediction } from "./prediction.js";
import { Resampler } from "./resampler.js";
import { showMicrophone } from "./sources.js";
import { Stream } from "./stream.js";
import { current, draw, show, showSegments } from "./timeline.js";
import { toPcm, wav } from "./wav.js";

// Longest session: its audio is kept for playback.
const LONGEST_S = 1200;
// Audio that waits to be processed, at which the device is too slow.
const WAITING_S = 10;
// Only zeros for this long mean that the microphone is switched off.
const SILENT_S = 3;

let live = null; // the running session
let asking = false; // whether the microphone is being opened

export const listening = () => live !== null;

export async function listen(engine) {
  if (asking) return;
  asking = true;
  try {
    const loaded = await engine;
    start(loaded, await openMicrophone());
  } catch (error) {
    alarm(error.message);
  }
  asking = false;
}

function start(engine, microphone) {
  const { rate } = microphone;
  const config = engine.timeline.live;
  const record = {
    name: `Microphone, ${new Date().toLocaleTimeString()}`, model: engine.model, labels: engine.labels,
    duration_s: 0, hop_s: config.hop_s, running: true, chosen: 0, sound: null,
    lanes: [{ name: "", about: "as a whole", whole: null, frames: [], segments: [], peaks: emptyPeaks() }],
  };
  const [lane] = record.lanes;
  const stream = new Stream(engine, config, {
    frame(frame) {
      // A final frame replaces the provisional one of the same time.
      lane.frames[Math.round(frame.start_s / config.hop_s)] = frame;
      const latest = lane.frames.at(-1);
      const state = latest.provisional ? ", provisional" : "";
      if (record.running) showPrediction(latest, `at ${clock(latest.end_s)}${state}`, record.model.abstention);
    },
    segment(segment) {
      lane.segments.push(segment);
      showSegments(record);
    },
  });
  const resampler = new Resampler(rate, engine.rate);
  const kept = [];
  let samples = 0;
  let processed = Promise.resolve();
  live = { microphone, ended: false };
  const mine = live;
  const process = (chunk) => {
    processed = processed.then(() => stream.push(chunk));
    processed.catch((error) => stop(error.message));
  };
  const stop = async (wrong) => {
    if (mine.ended) return;
    mine.ended = true;
    microphone.close();
    showMicrophone(false);
    try {
      process(resampler.finish());
      await processed;
      await stream.finish();
    } catch (error) {
      wrong ??= error.message;
    }
    live = null;
    record.running = false;
    lane.whole = meanOf(lane.frames, record.labels);
    record.sound = wav(kept, rate);
    if (lane.frames.length) remember(record, listening);
    if (current() === record) {
      if (lane.frames.length) view(record);
      else show(null);
    }
    if (wrong) alarm(wrong);
    else announce("The microphone is off.");
  };
  live.stop = stop;
  microphone.start((data) => {
    if (mine.ended) return;
    kept.push(toPcm(data));
    addPeaks(lane.peaks, data, rate, samples);
    samples += data.length;
    record.duration_s = samples / rate;
    process(resampler.push(data));
    if (record.duration_s > LONGEST_S) stop(`The microphone is off: ${LONGEST_S / 60} minutes are the limit of this page.`);
    if (record.duration_s - stream.duration_s > WAITING_S) stop("This device is too slow for live recognition.");
    if (!lane.peaks.loudest && record.duration_s > SILENT_S && !mine.warned) {
      mine.warned = true;
      alarm("The microphone sends silence only: it may be switched off.");
    }
    draw();
  });
  view(record);
  showMicrophone(true);
  announce("The microphone is on. Speak.");
}

export const end = () => live?.stop();
