// The microphone: audio to the server and predictions back, live.

import { openMicrophone } from "./capture.js";
import { alarm, clock, announce } from "./dom.js";
import { remember, view } from "./history.js";
import { addPeaks, emptyPeaks } from "./peaks.js";
import { meanOf, showPrediction } from "./prediction.js";
import { ask, back, fail, key, loadModels, model } from "./server.js";
import { showMicrophone } from "./sources.js";
import { current, draw, show, showSegments } from "./timeline.js";
import { toPcm, wav } from "./wav.js";

const HOP_S = 0.5;
// A frame is final when this much audio after its end is known; until then it is provisional.
const LOOKAHEAD_S = 1;
// Unsent bytes at which the connection is too slow: five seconds of audio at 48 kHz.
const UNSENT = 1 << 20;
// Maximum duration kept for playback: 115 MB at 48 kHz.
const KEPT_S = 1200;
// Only zeros for this long mean that the microphone is switched off.
const SILENT_S = 3;

// Whether a frame with speech is in a turn: the prediction for the whole turn replaces that of the frame, which may follow it.
const covers = (turn, frame) => {
  const middle_s = frame ? (frame.start_s + frame.end_s) / 2 : NaN;
  return frame?.label && middle_s >= turn.start_s && middle_s <= turn.end_s;
};
const revised = (turn, { start_s, end_s, speech }) => ({ ...turn, type: "frame", start_s, end_s, speech });

let live = null; // the running session
let asking = false; // whether the microphone is being opened

export const listening = () => live !== null;

export async function listen() {
  if (asking) return;
  asking = true;
  let microphone;
  try {
    microphone = await openMicrophone();
    connect(microphone);
  } catch (error) {
    microphone?.close();
    alarm(error.message);
  }
  asking = false;
}

function open(rate) {
  const url = new URL("v1/stream", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({ model: model().name, lookahead: LOOKAHEAD_S, rate, format: "f32le", hop: HOP_S });
  return new WebSocket(url, key() ? ["clstm.v1", `clstm-key.${key()}`] : ["clstm.v1"]);
}

function connect(microphone) {
  const { rate } = microphone;
  const socket = open(rate);
  const record = {
    name: `Microphone, ${new Date().toLocaleTimeString()}`, model: model(), labels: model().labels, dimensions: model().dimensions,
    duration_s: 0, hop_s: HOP_S, running: true, chosen: 0, sound: null,
    lanes: [{ name: "", about: "as a whole", whole: null, frames: [], segments: [], peaks: emptyPeaks() }],
  };
  const turns = [];
  const [lane] = record.lanes;
  live = { socket, microphone, ended: false, wrong: null };
  const mine = live;
  const kept = [];
  let samples = 0;
  microphone.start((data) => {
    if (socket.readyState !== WebSocket.OPEN || mine.ended) return;
    if (socket.bufferedAmount > UNSENT) return end("The connection is too slow for live audio.");
    socket.send(data);
    if (samples < KEPT_S * rate) kept.push(toPcm(data));
    addPeaks(lane.peaks, data, rate, samples);
    samples += data.length;
    record.duration_s = samples / rate;
    if (!lane.peaks.loudest && record.duration_s > SILENT_S && !mine.warned) {
      mine.warned = true;
      alarm("The microphone sends silence only: it may be switched off.");
    }
    draw();
  });
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "ready") {
      view(record);
      showMicrophone(true);
      announce("The microphone is on. Speak.");
    } else if (event.type === "frame") {
      // A final frame replaces the provisional one of the same time.
      const turn = turns.findLast((each) => covers(each, event));
      lane.frames[Math.round(event.start_s / HOP_S)] = turn ? revised(turn, event) : event;
      const latest = lane.frames.at(-1);
      const state = latest.provisional ? ", provisional" : "";
      showPrediction(latest, `at ${clock(latest.end_s)}${state}`, record.model.abstention);
    } else if (event.type === "segment") {
      lane.segments.push(event);
      showSegments(record);
    } else if (event.type === "turn") {
      turns.push(event);
      lane.frames.forEach((frame, index) => {
        if (covers(event, frame)) lane.frames[index] = revised(event, frame);
      });
      showPrediction(event, `${clock(event.start_s)} to ${clock(event.end_s)}`, record.model.abstention);
    } else if (event.type === "error") {
      mine.wrong = event.error.message;
    }
  };
  socket.onclose = () => {
    stop();
    record.running = false;
    lane.whole = meanOf(lane.frames, record.labels);
    record.sound = wav(kept, rate);
    if (lane.frames.length) remember(record, listening);
    if (current() === record) {
      if (lane.frames.length) view(record);
      else show(null);
    }
    if (mine.wrong) alarm(mine.wrong);
    else if (mine.ended) announce("The microphone is off.");
    else lost();
  };
}

// Browsers hide why a WebSocket failed; another request to the server shows it.
async function lost() {
  try {
    await ask("readyz");
  } catch {
    return back();
  }
  return loadModels().then(() => alarm("The server closed the stream."), fail);
}

export function end(wrong = null) {
  if (!live || live.ended) return;
  live.ended = true;
  live.wrong = wrong;
  if (live.socket.readyState === WebSocket.OPEN) live.socket.send(JSON.stringify({ end: true }));
  else live.socket.close();
}

function stop() {
  live.microphone.close();
  live = null;
  showMicrophone(false);
}
