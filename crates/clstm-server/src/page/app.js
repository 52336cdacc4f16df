// The page: a recording or the microphone in, its timeline out.

const $ = (id) => document.getElementById(id);

// Okabe and Ito's palette, which people see apart who see few colours, and ink that can be read on each. The
// letters of a label stand beside its colour everywhere.
const PALETTE = [
  ["#e69f00", "#000"], ["#56b4e9", "#000"], ["#009e73", "#000"], ["#f0e442", "#000"],
  ["#0072b2", "#fff"], ["#d55e00", "#000"], ["#cc79a7", "#000"], ["#999999", "#000"],
];
const LIVE_HOP_S = 0.5;
// What the picture of live sound shows, in seconds, and columns of its waveform a second.
const LIVE_VIEW_S = 60;
const COLUMNS_A_SECOND = 20;
// Unsent bytes from which the way to the server is too narrow: five seconds of sound at 48 kHz.
const UNSENT = 1 << 20;

let labels = [];
let shown = null; // the record in view
let live = null; // what listens
const history = [];

const color = (label) => PALETTE[Math.max(0, labels.indexOf(label)) % PALETTE.length];
const percent = (p) => `${(100 * p).toFixed(0)} %`;
const short = (label) => label.slice(0, 3);
const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

// --- asking -------------------------------------------------------------------------------------------

async function ask(path, options = {}) {
  const headers = $("key").value ? { "X-API-Key": $("key").value } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server does not answer.");
  }
  if (response.status === 401) $("key-field").hidden = false;
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error?.message ?? `The server says ${response.status}.`);
  return body;
}

async function loadModels() {
  const { models } = await ask("v1/models");
  const chosen = $("model").value;
  $("model").replaceChildren(...models.map((model) => {
    const option = element("option", model.name);
    option.value = model.name;
    option.labels_ = model.labels;
    return option;
  }));
  if (models.some((model) => model.name === chosen)) $("model").value = chosen;
  setLabels($("model").selectedOptions[0].labels_);
}

function setLabels(names) {
  if (names.join() === labels.join()) return;
  labels = names;
  $("bars").replaceChildren(...labels.map((label) => {
    const row = element("li");
    const track = element("span", undefined, "track");
    const bar = element("span", undefined, "bar");
    track.setAttribute("aria-hidden", "true");
    bar.style.background = color(label)[0];
    track.append(bar);
    row.append(element("span", label, "name"), track, element("span", "–", "share"));
    return row;
  }));
  $("legend").replaceChildren(...labels.map((label) => {
    const row = element("li");
    const patch = element("span", short(label), "patch");
    patch.setAttribute("aria-hidden", "true");
    [patch.style.background, patch.style.color] = color(label);
    row.append(patch, label);
    return row;
  }));
}

// --- showing ------------------------------------------------------------------------------------------

function showBars(probabilities) {
  const values = labels.map((label) => probabilities?.[label] ?? 0);
  const best = Math.max(...values);
  [...$("bars").children].forEach((row, i) => {
    row.querySelector(".bar").style.width = `${100 * values[i]}%`;
    row.querySelector(".share").textContent = probabilities ? percent(values[i]) : "–";
    row.classList.toggle("first", Boolean(probabilities) && values[i] === best);
  });
}

// `where` is for the eye only: who listens to the page hears the label when it changes.
function showAnswer(answer, where) {
  const text = answer?.label ?? (where ? "no speech" : "–");
  const big = $("answer").querySelector(".big");
  if (big.textContent !== text) big.textContent = text;
  $("when").textContent = where + (answer?.label ? `, ${percent(answer.confidence)} sure` : "");
  showBars(answer?.label ? answer.probabilities : undefined);
}

function show(record) {
  shown = record;
  setLabels(record.labels);
  const position = $("position");
  position.max = record.moments.length;
  position.value = 0;
  position.disabled = record.moments.length === 0;
  position.setAttribute("aria-valuetext", "the whole");
  showAnswer(record.whole, record.whole ? `${record.name}, as a whole` : "");
  showSections(record);
  draw();
  for (const button of $("history").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.record_ === record));
  }
}

function showSections(record) {
  const told = record.sections.map((section) => {
    const row = element("tr");
    row.append(
      element("td", clock(section.start_s)), element("td", clock(section.end_s)),
      element("td", section.label ?? "no speech"),
      element("td", section.label ? percent(section.confidence) : ""),
    );
    return row;
  });
  $("sections").replaceChildren(...told);
  const said = record.sections.map((s) => `${s.label ?? "no speech"} to ${clock(s.end_s)}`);
  const many = said.length > 12 ? [...said.slice(0, 12), "and more, see the table"] : said;
  $("picture").setAttribute("aria-label", `Timeline of ${record.name}: ${many.join(", ") || "nothing yet"}`);
}

function showPosition() {
  const position = Number($("position").value);
  if (position === 0) {
    $("position").setAttribute("aria-valuetext", "the whole");
    showAnswer(shown.whole, `${shown.name}, as a whole`);
  } else {
    const moment = shown.moments[position - 1];
    $("position").setAttribute("aria-valuetext", `${clock(moment.start_s)}, ${moment.label ?? "no speech"}`);
    showAnswer(moment, `from ${clock(moment.start_s)} to ${clock(moment.end_s)}`);
  }
  draw();
}

function draw() {
  const canvas = $("picture");
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(document.documentElement);
  const paint = (name) => style.getPropertyValue(name).trim();
  const [axis, strip] = [18, 44];
  const wave = height - axis - strip;
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  if (!shown) {
    pen.fillStyle = paint("--quiet");
    pen.fillText("A waveform with its emotions appears here.", 4, height / 2);
    return;
  }
  const from = Math.max(0, shown.running ? shown.duration_s - LIVE_VIEW_S : 0);
  const span = shown.running ? LIVE_VIEW_S : Math.max(shown.duration_s, 0.1);
  const x = (s) => ((s - from) / span) * width;

  pen.fillStyle = paint("--wave");
  const peaks = shown.peaks;
  if (peaks) {
    const top = Math.max(0.02, peaks.loudest);
    for (let column = 0; column < width; column += 1) {
      const first = Math.floor((from + (column / width) * span) * peaks.rate);
      const last = Math.max(first + 1, Math.floor((from + ((column + 1) / width) * span) * peaks.rate));
      let peak = 0;
      for (let i = first; i < last && i < peaks.values.length; i += 1) peak = Math.max(peak, peaks.values[i]);
      const tall = Math.max(1, (peak / top) * (wave - 6));
      if (first < peaks.values.length) pen.fillRect(column, (wave - tall) / 2, 1, tall);
    }
  }

  for (const moment of shown.moments) {
    const [left, right] = [x(moment.start_s), x(moment.end_s)];
    if (right < 0) continue;
    pen.fillStyle = moment.label ? color(moment.label)[0] : paint("--pause");
    // Whole pixels, without seams between moments of one label.
    pen.fillRect(Math.floor(left), wave, Math.max(1, Math.ceil(right) - Math.floor(left)), strip);
  }
  // The letters stand where a label has room, at the beginning of each run.
  for (let i = 0; i < shown.moments.length;) {
    let next = i + 1;
    while (next < shown.moments.length && shown.moments[next].label === shown.moments[i].label) next += 1;
    const { label, start_s } = shown.moments[i];
    const [left, right] = [Math.max(0, x(start_s)), x(shown.moments[next - 1].end_s)];
    if (label && right - left > 26) {
      pen.fillStyle = color(label)[1];
      const name = right - left > pen.measureText(label).width + 8 ? label : short(label);
      pen.fillText(name, left + 4, wave + strip / 2);
    }
    i = next;
  }

  const step = [0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600].find((s) => (s / span) * width > 60) ?? 7200;
  pen.fillStyle = paint("--quiet");
  for (let s = Math.ceil(from / step) * step; s <= from + span; s += step) {
    const text = step < 1 ? clock(s) : clock(s).slice(0, -2);
    if (x(s) + pen.measureText(text).width <= width) pen.fillText(text, x(s), height - axis / 2);
  }
  const position = Number($("position").value);
  if (position > 0 && shown.moments[position - 1]) {
    const { start_s, end_s } = shown.moments[position - 1];
    pen.strokeStyle = paint("--ink");
    pen.lineWidth = 2;
    pen.strokeRect(x(start_s), 1, Math.max(2, x(end_s) - x(start_s)), wave + strip - 2);
  }
}

function remember(record) {
  history.unshift(record);
  const row = element("li");
  const button = element("button");
  button.type = "button";
  button.record_ = record;
  const said = record.whole ? `${record.whole.label} ${percent(record.whole.confidence)}` : "no speech";
  button.append(element("span", record.name, "name"), element("span", `${said}, ${clock(record.duration_s)}`, "said"));
  button.addEventListener("click", () => !live && show(record));
  row.append(button);
  $("history").prepend(row);
  $("history-empty").hidden = true;
}

// --- recordings ---------------------------------------------------------------------------------------

async function peaksOf(bytes) {
  try {
    // Decoded by the browser for the picture only; the server hears the file itself.
    const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
    const samples = sound.getChannelData(0);
    const columns = Math.min(4000, Math.max(200, Math.ceil(sound.duration * 50)));
    const values = new Float32Array(columns);
    let loudest = 0;
    for (let i = 0; i < samples.length; i += 1) {
      const column = Math.floor((i / samples.length) * columns);
      values[column] = Math.max(values[column], Math.abs(samples[i]));
      loudest = Math.max(loudest, values[column]);
    }
    return { values, rate: columns / sound.duration, loudest };
  } catch {
    return null;
  }
}

async function hearFile(file) {
  if (live) return;
  say(`Hearing ${file.name} …`);
  try {
    const bytes = await file.arrayBuffer();
    const model = `model=${encodeURIComponent($("model").value)}`;
    const post = (query) => ask(`v1/recognize?${model}${query}`, { method: "POST", body: bytes });
    const moments = await post("&timeline=moments&hop=0.5");
    const sections = await post("&timeline=sections&hop=0.5");
    const whole = await post("");
    const record = {
      name: file.name, labels, whole, duration_s: moments.duration_s, moments: moments.moments,
      sections: sections.sections, peaks: await peaksOf(bytes),
    };
    remember(record);
    show(record);
    say(`${file.name}: ${whole.label}, ${percent(whole.confidence)} sure.`);
  } catch (error) {
    say(error.message, true);
  }
}

// --- the microphone -----------------------------------------------------------------------------------

async function listen() {
  let microphone;
  try {
    if (!navigator.mediaDevices) throw new Error("Browsers give the microphone to pages of this machine or of https only.");
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    microphone = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, ...plain } });
    const context = new AudioContext();
    await context.audioWorklet.addModule("recorder.js");
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    context.createMediaStreamSource(microphone).connect(recorder);
    connect(microphone, context, recorder);
  } catch (error) {
    microphone?.getTracks().forEach((track) => track.stop());
    say(error.name === "NotAllowedError" ? "The microphone was not allowed." : error.message, true);
  }
}

function connect(microphone, context, recorder) {
  const url = new URL("v1/stream", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({
    model: $("model").value, rate: context.sampleRate, format: "f32le", hop: LIVE_HOP_S,
  });
  const protocols = $("key").value ? ["clstm.v1", `clstm-key.${$("key").value}`] : ["clstm.v1"];
  const socket = new WebSocket(url, protocols);
  const record = {
    name: `Microphone, ${new Date().toLocaleTimeString()}`, labels, whole: null, duration_s: 0, running: true,
    moments: [], sections: [], peaks: { values: [], rate: COLUMNS_A_SECOND, loudest: 0 },
  };
  live = { socket, microphone, context, ended: false };
  let samples = 0;
  recorder.port.onmessage = ({ data }) => {
    if (socket.readyState !== WebSocket.OPEN || live?.ended) return;
    if (socket.bufferedAmount > UNSENT) return end("The way to the server is too narrow for live sound.");
    socket.send(data);
    data.forEach((sample) => {
      const column = Math.floor((samples / context.sampleRate) * COLUMNS_A_SECOND);
      record.peaks.values[column] = Math.max(record.peaks.values[column] ?? 0, Math.abs(sample));
      record.peaks.loudest = Math.max(record.peaks.loudest, Math.abs(sample));
      samples += 1;
    });
    record.duration_s = samples / context.sampleRate;
    requestAnimationFrame(draw);
  };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "ready") {
      show(record);
      pressed(true);
      say("Listening. Speak!");
    } else if (event.type === "moment") {
      record.moments.push(event);
      showAnswer(event, `at ${clock(event.end_s)}`);
    } else if (event.type === "section") {
      record.sections.push(event);
      showSections(record);
    } else if (event.type === "error") {
      live.wrong = event.error.message;
    }
  };
  socket.onclose = ({ code }) => {
    const wrong = live?.wrong ?? (code === 1000 || live?.ended ? null : "The connection to the server was lost.");
    stop();
    record.running = false;
    record.whole = wholeOf(record);
    if (record.moments.length) remember(record);
    if (shown === record) show(record);
    if (wrong) {
      // A browser does not tell why a stream was refused: the same key and server, asked otherwise, do.
      say(wrong, true);
      if (!record.moments.length) loadModels().catch((error) => say(error.message, true));
    } else {
      say("The microphone is off.");
    }
  };
}

// The mean over all that was speech.
function wholeOf(record) {
  const heard = record.moments.filter((moment) => moment.label);
  if (!heard.length) return null;
  const probabilities = Object.fromEntries(record.labels.map((label) => {
    return [label, heard.reduce((sum, moment) => sum + moment.probabilities[label], 0) / heard.length];
  }));
  const label = record.labels.reduce((a, b) => (probabilities[b] > probabilities[a] ? b : a));
  return { label, confidence: probabilities[label], probabilities };
}

function end(wrong) {
  if (!live || live.ended) return;
  live.ended = true;
  live.wrong = wrong;
  if (live.socket.readyState === WebSocket.OPEN) live.socket.send(JSON.stringify({ end: true }));
  else live.socket.close();
}

function stop() {
  live?.microphone.getTracks().forEach((track) => track.stop());
  live?.context.close();
  live = null;
  pressed(false);
}

function pressed(on) {
  $("microphone").setAttribute("aria-pressed", String(on));
  $("microphone-text").textContent = on ? "Stop listening" : "Use the microphone";
}

// --- what people do -----------------------------------------------------------------------------------

$("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) hearFile(target.files[0]);
  target.value = "";
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
  const file = event.dataTransfer.files[0];
  if (file) hearFile(file);
});
$("microphone").addEventListener("click", () => (live ? end() : listen()));
$("position").addEventListener("input", showPosition);
$("picture").addEventListener("pointerdown", (event) => {
  if (!shown || live || !shown.moments.length) return;
  const at = (event.offsetX / $("picture").clientWidth) * shown.duration_s;
  const index = shown.moments.findIndex((moment) => at < moment.end_s);
  $("position").value = (index < 0 ? shown.moments.length - 1 : index) + 1;
  showPosition();
});
$("model").addEventListener("change", ({ target }) => setLabels(target.selectedOptions[0].labels_));
$("key").addEventListener("change", () => loadModels().then(() => say("The key fits."), (error) => say(error.message, true)));
new ResizeObserver(draw).observe($("picture"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
loadModels().catch((error) => say(error.message, true));
