// The page: a recording or the microphone in, its timeline out.

import { $, alarm, announce } from "./dom.js";
import { startHistory } from "./history.js";
import { setLabels } from "./labels.js";
import { end, listen, listening } from "./microphone.js";
import { recognizeFiles } from "./recording.js";
import { startSaving } from "./save.js";
import { Unreachable, fail, loadModels, model } from "./server.js";
import { chosen, startSources } from "./sources.js";
import { current, draw, startTimeline } from "./timeline.js";

// Files of segments, by their names.
const SEGMENTS = /\.(rttm|srt|vtt|textgrid|eaf|json|csv|txt)$/i;

// Recordings, or one with the segments of its speakers.
function take(files) {
  const given = files.filter(({ name }) => SEGMENTS.test(name));
  const recordings = files.filter((file) => !given.includes(file));
  if (!given.length) recognizeFiles(recordings, listening);
  else if (given.length > 1 || recordings.length > 1) alarm("Segments are for one recording: choose one file of each.");
  else if (recordings.length) recognizeFiles(recordings, listening, given[0]);
  else takeSegments(given[0]);
}

// Segments for the recording in view.
function takeSegments(given) {
  const record = current();
  if (!record?.sound) return alarm("Choose a recording first, then its segments.");
  return recognizeFiles([new File([record.sound], record.name)], listening, given);
}

startSources({
  recognize: take,
  microphone: () => (listening() ? end() : listen()),
  unreachable: () => fail(new Unreachable("The server is unreachable.")),
});
$("speakers").addEventListener("change", ({ target }) => chosen(target).forEach(takeSegments));
$("model").addEventListener("change", () => current() ?? setLabels(model().labels));
$("key").addEventListener("change", () => loadModels().then(() => announce("The key is valid."), fail));
startTimeline();
startHistory(listening);
startSaving();
draw();
loadModels().catch(fail);
