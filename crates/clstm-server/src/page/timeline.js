// The recording in view: its drawing, a position in it, its playback.

import { dimensionsOf, setDimensions, valueCells } from "./dimensions.js";
import { $, clock, element, percent } from "./dom.js";
import { setLabels } from "./labels.js";
import { describe, laneAt, laneOf, offerLanes } from "./lanes.js";
import * as player from "./player.js";
import { announceChanges, showPrediction } from "./prediction.js";
import { drawWaveform } from "./waveform.js";
import { reveal, visible, timeAt, watchView, zoomBy, zoomWhole } from "./view.js";

let shown = null;
// In seconds; null stands for the whole.
let position = null;
let predicted; // the frame or segment whose prediction is shown; null between segments

export const current = () => shown;
const lane = () => laneOf(shown);

let drawing = 0;

export function draw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => drawWaveform($("picture"), shown, { ...visible(shown), cursor: position }));
}

export function show(record) {
  const still = !record?.running;
  shown = record;
  player.load(still ? record?.sound : null);
  const filled = record?.lanes.some(({ frames, segments }) => frames.length || segments.length);
  $("tools").hidden = !still || !filled;
  $("zoom").hidden = $("tools").hidden;
  $("more").hidden = !record;
  // A page without a server has no lanes by speaker.
  if ($("speakers-field")) $("speakers-field").hidden = !still || !record?.sound;
  offerLanes(record);
  $("legend").hidden = !record;
  if (!record) {
    $("picture").setAttribute("aria-label", "No recording yet");
    $("whole").hidden = true;
    position = null;
    setDimensions([]);
    showPrediction(null, "", null, "Nothing yet");
    return draw();
  }
  setLabels(record.labels);
  setDimensions(dimensionsOf(record));
  position = null;
  $("position").max = record.duration_s;
  $("position").step = record.hop_s;
  zoomWhole(record);
  showLane();
}

// Shows the chosen lane.
function showLane() {
  const frames = lane().frames.length > 0;
  $("save-what").querySelector("[value=frames]").disabled = !frames && !shown.running;
  if (!frames && !shown.running) $("save-what").value = "segments";
  showSegments(shown);
  if (position === null) return showWhole();
  predicted = undefined;
  return seek(position, true);
}

function chooseLane(number) {
  if (!shown || shown.running || number === shown.chosen) return;
  shown.chosen = number;
  $("lane").value = number;
  showLane();
}

export function showWhole() {
  if (!shown) return;
  const focused = document.activeElement === $("whole");
  player.pause();
  position = null;
  predicted = undefined;
  $("whole").hidden = true;
  if (focused) $("position").focus();
  if (shown.running) showPrediction(null, "Predictions appear while you speak", null, "Listening");
  else showPrediction(lane().whole, `${shown.name}, ${lane().about}`, shown.model.abstention);
  showTime();
  draw();
}

// The frame at a second, or the given segment; null between segments.
const itemAt = (second) => {
  const { frames, segments } = lane();
  if (!frames.length) return segments.find(({ start_s, end_s }) => start_s <= second && second < end_s) ?? null;
  const index = Math.floor(second / shown.hop_s + 1e-6);
  return frames[Math.min(index, frames.length - 1)];
};

// Shows the frame or segment at a second. `playing` means that the playback is there already.
export function seek(second, playing = false) {
  if (!shown || $("tools").hidden || shown.running) return;
  position = Math.min(shown.duration_s, Math.max(0, second));
  if (!playing) player.seek(position);
  const item = itemAt(position);
  if (item !== predicted || !item) {
    const { name } = lane();
    const at = item ? `from ${clock(item.start_s)} to ${clock(item.end_s)}` : `at ${clock(position)}`;
    showPrediction(item, name ? `${name}, ${at}` : at, shown.model.abstention, item ? "no speech" : "no segment");
  }
  predicted = item;
  $("whole").hidden = false;
  reveal(shown, position);
  showTime();
  draw();
}

const labelAt = (second) => {
  const item = itemAt(second);
  return item ? item.label ?? "no speech" : "no segment";
};

function showTime() {
  const at = position ?? 0;
  $("position").value = at;
  const text = position === null ? "the whole recording" : `${clock(at)}, ${labelAt(at)}`;
  $("position").setAttribute("aria-valuetext", text);
  $("time").textContent = `${clock(at)} / ${clock(shown.duration_s)}`;
}

// The start of the next or previous segment.
function nextSegment(forward) {
  const starts = lane().segments.map((segment) => segment.start_s);
  const at = position ?? 0;
  return forward ? starts.find((s) => s > at + 1e-6) : starts.findLast((s) => s < at - 1e-6);
}

export function showSegments(record) {
  const rows = laneOf(record).segments.map((segment) => {
    const row = element("tr");
    const start = element("td");
    const button = element("button", clock(segment.start_s), "plain");
    button.type = "button";
    button.setAttribute("aria-label", `Go to ${clock(segment.start_s)}`);
    button.addEventListener("click", () => seek(segment.start_s));
    start.append(button);
    row.append(
      start, element("td", clock(segment.end_s)), element("td", segment.label ?? "no speech"),
      element("td", segment.label ? percent(segment.confidence) : ""), ...valueCells(segment),
    );
    return row;
  });
  $("segments").replaceChildren(...rows);
  const { name } = laneOf(record);
  $("table-of").textContent = name ? `Segments of ${name}` : "Segments of one emotion";
  const lanes = record.lanes.map((one) => describe(one, clock)).join("; ");
  $("picture").setAttribute("aria-label", `Timeline of ${record.name}: ${lanes}`);
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
  $("picture").addEventListener("click", (event) => {
    if (!shown) return;
    chooseLane(laneAt(shown, event));
    seek(timeAt(shown, event));
  });
  $("lane").addEventListener("change", ({ target }) => chooseLane(Number(target.value)));
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
