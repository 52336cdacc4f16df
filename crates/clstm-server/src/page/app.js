// The page: a recording or the microphone in, its timeline out.

import { $, say } from "./dom.js";
import { startHistory } from "./history.js";
import { setLabels } from "./labels.js";
import { end, listen, listening } from "./microphone.js";
import { hear } from "./recording.js";
import { startSaving } from "./save.js";
import { chosenLabels, fail, loadModels } from "./server.js";
import { current, draw, startTimeline } from "./timeline.js";

$("file").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = ""; // so that the same file can be chosen again
  if (files.length) hear(files, listening);
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
  hear([...event.dataTransfer.files], listening);
});
$("microphone").addEventListener("click", () => (listening() ? end() : listen()));
$("model").addEventListener("change", () => current() ?? setLabels(chosenLabels()));
$("key").addEventListener("change", () => loadModels().then(() => say("The key fits."), fail));
startTimeline();
startHistory(listening);
startSaving();
draw();
loadModels().catch(fail);
