// The recording in view: its drawing, a position in it, its playback.

import { $, clock, element, percent } from "./dom.js";
import { setLabels } from "./labels.js";
import * as player from "./player.js";
import { announceChanges, showPrediction } from "./prediction.js";
import { drawWaveform } from "./waveform.js";
import { reveal, visible, timeAt, watchView, zoomBy, zoomWhole } from "./view.js";

let shown = null;
// In seconds; null stands for the whole.
let position = null;
let predicted = null; // the frame whose prediction is shown

export const current = () => shown;

let drawing = 0;

export function draw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => drawWaveform($("picture"), shown, { ...visible(shown), cursor: position }));
}

export function show(record) {
  const still = !record?.running;
  shown = record;
  player.load(still ? record?.sound : null);
  $("tools").hidden = !record || !still || !record.frames.length;
  $("zoom").hidden = $("tools").hidden;
  $("more").hidden = !record;
  $("legend").hidden = !record;
  if (!record) {
    $("picture").setAttribute("aria-label", "No recording yet");
    $("whole").hidden = true;
    position = null;
    showPrediction(null, "", null, "Nothing yet");
    return draw();
  }
  setLabels(record.labels);
  $("position").max = record.duration_s;
  $("position").step = record.hop_s;
  zoomWhole(record);
  showSegments(record);
  showWhole();
}

export function showWhole() {
  if (!shown) return;
  const focused = document.activeElement === $("whole");
  player.pause();
  position = null;
  predicted = null;
  $("whole").hidden = true;
  if (focused) $("position").focus();
  if (shown.running) showPrediction(null, "Predictions appear while you speak", null, "Listening");
  else showPrediction(shown.whole, `${shown.name}, as a whole`, shown.model.abstention);
  showTime();
  draw();
}

const frameAt = (second) => {
  const index = Math.floor(second / shown.hop_s + 1e-6);
  return shown.frames[Math.min(index, shown.frames.length - 1)];
};

// Shows the frame at a second. `playing` means that the playback is there already.
export function seek(second, playing = false) {
  if (!shown?.frames.length || shown.running) return;
  position = Math.min(shown.duration_s, Math.max(0, second));
  if (!playing) player.seek(position);
  const frame = frameAt(position);
  if (frame !== predicted) showPrediction(frame, `from ${clock(frame.start_s)} to ${clock(frame.end_s)}`, shown.model.abstention);
  predicted = frame;
  $("whole").hidden = false;
  reveal(shown, position);
  showTime();
  draw();
}

function showTime() {
  const at = position ?? 0;
  $("position").value = at;
  const text = position === null ? "the whole recording" : `${clock(at)}, ${frameAt(at).label ?? "no speech"}`;
  $("position").setAttribute("aria-valuetext", text);
  $("time").textContent = `${clock(at)} / ${clock(shown.duration_s)}`;
}

// The start of the next or previous segment.
function nextSegment(forward) {
  const starts = shown.segments.map((segment) => segment.start_s);
  const at = position ?? 0;
  return forward ? starts.find((s) => s > at + 1e-6) : starts.findLast((s) => s < at - 1e-6);
}

export function showSegments(record) {
  const rows = record.segments.map((segment) => {
    const row = element("tr");
    const start = element("td");
    const button = element("button", clock(segment.start_s), "plain");
    button.type = "button";
    button.setAttribute("aria-label", `Go to ${clock(segment.start_s)}`);
    button.addEventListener("click", () => seek(segment.start_s));
    start.append(button);
    row.append(
      start, element("td", clock(segment.end_s)), element("td", segment.label ?? "no speech"),
      element("td", segment.label ? percent(segment.confidence) : ""),
    );
    return row;
  });
  $("segments").replaceChildren(...rows);
  const texts = record.segments.map((s) => `${s.label ?? "no speech"} to ${clock(s.end_s)}`);
  const many = texts.length > 12 ? [...texts.slice(0, 12), "and more, see the table"] : texts;
  $("picture").setAttribute("aria-label", `Timeline of ${record.name}: ${many.join(", ") || "nothing yet"}`);
}

// --- keys and pointers --------------------------------------------------------------------------------

const middle = () => {
  const { from, span } = visible(shown);
  return position !== null && position >= from && position <= from + span ? position : from + span / 2;
};
const zoomIn = () => shown && zoomBy(shown, 2, middle());
const zoomOut = () => shown && zoomBy(shown, 0.5, middle());

const KEYS = {
  "PageUp": () => seek(nextSegment(true) ?? shown.duration_s),
  "PageDown": () => seek(nextSegment(false) ?? 0),
  " ": () => player.toggle(),
  "+": zoomIn,
  "-": zoomOut,
  "Escape": showWhole,
};

export function startTimeline() {
  watchView(draw);
  player.startPlayer({
    at: (second) => seek(second, true),
    ended: showWhole,
    playing: (plays) => announceChanges(!plays),
  });
  $("position").addEventListener("input", ({ target }) => seek(Number(target.value)));
  $("position").addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  $("play").addEventListener("click", player.toggle);
  $("whole").addEventListener("click", showWhole);
  $("zoom-in").addEventListener("click", zoomIn);
  $("zoom-out").addEventListener("click", zoomOut);
  $("zoom-whole").addEventListener("click", () => shown && zoomWhole(shown));
  // A click goes to a place; a mouse may also be dragged there, while a finger scrolls.
  $("picture").addEventListener("click", (event) => shown && seek(timeAt(shown, event)));
  $("picture").addEventListener("pointermove", (event) => {
    if (shown && event.pointerType === "mouse" && event.buttons === 1) seek(timeAt(shown, event));
  });
  $("view").addEventListener("wheel", (event) => {
    if (!shown || shown.running || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    zoomBy(shown, event.deltaY < 0 ? 1.25 : 0.8, timeAt(shown, event));
  }, { passive: false });
  new ResizeObserver(draw).observe($("picture"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
