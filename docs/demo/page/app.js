// The page: a recording or the microphone in, its timeline out, all in the browser.

import { $, alarm, announce } from "./dom.js";
import { loadEngine } from "./engine.js";
import { startHistory } from "./history.js";
import { setLabels } from "./labels.js";
import { end, listen, listening } from "./microphone.js";
import { recordings } from "./recording.js";
import { startSaving } from "./save.js";
import { startSources } from "./sources.js";
import { draw, startTimeline } from "./timeline.js";
import { loadVoiceActivity } from "./voice-activity.js";

async function load() {
  const [engine] = await Promise.all([loadEngine(), loadVoiceActivity()]);
  setLabels(engine.labels);
  $("model-name").textContent = `${engine.model.name}, ${engine.model.digest.slice(0, 8)}`;
  $("model-labels").textContent = engine.labels.join(", ");
  $("model-license").textContent = engine.model.license;
  $("model-description").textContent = engine.model.description;
  $("facts").hidden = false;
  return engine;
}

const engine = load();
engine.then(() => announce("The model is loaded. Audio stays in this browser."), (error) => alarm(error.message));
const recognize = recordings(engine);
startSources({
  recognize: (files) => recognize(files, listening),
  microphone: () => (listening() ? end() : listen(engine)),
});
startTimeline();
startHistory(listening);
startSaving();
draw();
