// Which part of a record is in view: the whole, or a stretch that is scrolled through.

import { $ } from "./dom.js";

// The shortest stretch that is drawn over the whole width: some frames.
const SHORTEST_S = 4;
// What is drawn of live sound: its last seconds.
const LIVE_S = 30;

let zoom = 1;
let drawSoon = () => {};

const duration = (record) => Math.max(record.duration_s, 0.1);
const most = (record) => Math.max(1, duration(record) / SHORTEST_S);

export function stretch(record) {
  if (!record) return { from: 0, span: 1 };
  if (record.running) return { from: Math.max(0, record.duration_s - LIVE_S), span: LIVE_S };
  const from = ($("view").scrollLeft / Math.max(1, $("view").scrollWidth)) * duration(record);
  return { from, span: duration(record) / zoom };
}

// Where in the record a point of the picture is, in seconds.
export function timeAt(record, event) {
  const { left, width } = $("picture").getBoundingClientRect();
  const { from, span } = stretch(record);
  return Math.min(record.duration_s, Math.max(0, from + ((event.clientX - left) / width) * span));
}

// Zooms by a factor; the second `keep` stays where it is in view.
export function zoomBy(record, factor, keep) {
  const { from, span } = stretch(record);
  const where = Math.min(1, Math.max(0, (keep - from) / span));
  zoom = Math.min(most(record), Math.max(1, zoom * factor));
  place(record, keep - (where * duration(record)) / zoom);
}

// The whole again.
export function zoomWhole(record) {
  zoom = 1;
  place(record, 0);
}

// Scrolls so that a second is in view.
export function reveal(record, second) {
  const { from, span } = stretch(record);
  if (second < from || second > from + span) place(record, second - span / 10);
}

function place(record, from) {
  $("run").style.width = `${100 * zoom}%`;
  $("view").scrollLeft = (from / duration(record)) * $("view").scrollWidth;
  // Where there is something to scroll, the keyboard can.
  if (zoom > 1) $("view").tabIndex = 0;
  else $("view").removeAttribute("tabindex");
  $("zoom-out").disabled = zoom <= 1;
  $("zoom-whole").disabled = zoom <= 1;
  $("zoom-in").disabled = zoom >= most(record);
  drawSoon();
}

// `draw` is called when another part came into view.
export function watchView(draw) {
  drawSoon = draw;
  $("view").addEventListener("scroll", draw, { passive: true });
}
