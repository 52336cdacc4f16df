// The page: a recording or the microphone in, its timeline out.

import { $, say } from "./dom.js";
import { startHistory } from "./history.js";
import { setLabels } from "./labels.js";
import { end, listen, listening } from "./microphone.js";
import { recognizeFiles } from "./recording.js";
import { startSaving } from "./save.js";
import { Unreachable, fail, loadModels, model } from "./server.js";
import { current, draw, startTimeline } from "./timeline.js";

$("file").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = ""; // so that the same file can be chosen again
  if (files.length) recognizeFiles(files, listening);
});
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
  recognizeFiles([...event.dataTransfer.files], listening);
});
$("microphone").addEventListener("click", () => (listening() ? end() : listen()));
$("model").addEventListener("change", () => current() ?? setLabels(model().labels));
$("key").addEventListener("change", () => loadModels().then(() => say("The key is valid."), fail));
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
