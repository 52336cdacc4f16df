// The page: a recording or the microphone in, its timeline out.

import { $, alarm, announce } from "./dom.js";
import { startHistory } from "./history.js";
import { setLabels } from "./labels.js";
import { end, listen, listening } from "./microphone.js";
import { recognizeFiles } from "./recording.js";
import { startSaving } from "./save.js";
import { Unreachable, fail, loadModels, model } from "./server.js";
import { current, draw, startTimeline } from "./timeline.js";

// Files of segments, by their names.
const SEGMENTS = /\.(rttm|srt|vtt|textgrid|eaf|json|csv|txt)$/i;

// The chosen files; empties the control, so that the same file can be chosen again.
function chosen(control) {
  const files = [...control.files];
  control.value = "";
  return files;
}

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

$("file").addEventListener("change", ({ target }) => {
  const files = chosen(target);
  if (files.length) take(files);
});
$("speakers").addEventListener("change", ({ target }) => chosen(target).forEach(takeSegments));
for (const type of ["dragenter", "dragover"]) {
  addEventListener(type, (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
}
for (const type of ["dragleave", "drop"]) {
  addEventListener(type, () => $("drop").classList.remove("over"));
}
addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
$("microphone").addEventListener("click", () => (listening() ? end() : listen()));
$("model").addEventListener("change", () => current() ?? setLabels(model().labels));
$("key").addEventListener("change", () => loadModels().then(() => announce("The key is valid."), fail));
$("sample").addEventListener("click", async () => {
  try {
    const response = await fetch("sample.wav");
    const bytes = await response.blob();
    recognizeFiles([new File([bytes], "Sample: an actor reads a sentence sadly.wav", { type: "audio/wav" })], listening);
  } catch {
    fail(new Unreachable("The server is unreachable."));
  }
});
startTimeline();
startHistory(listening);
startSaving();
draw();
loadModels().catch(fail);
