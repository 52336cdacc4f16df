// Which part of a recording is visible: all of it, or a part that can be scrolled.

import { $ } from "./dom.js";

// The shortest part that is drawn over the whole width: some frames.
const SHORTEST_S = 4;
// The part of a live recording that is drawn: its last seconds.
const LIVE_S = 30;

let zoom = 1;
let drawSoon = () => {};

const duration = (record) => Math.max(record.duration_s, 0.1);
const most = (record) => Math.max(1, duration(record) / SHORTEST_S);

export function visible(record) {
  if (!record) return { from: 0, span: 1 };
  if (record.running) return { from: Math.max(0, record.duration_s - LIVE_S), span: LIVE_S };
  const from = ($("view").scrollLeft / Math.max(1, $("view").scrollWidth)) * duration(record);
  return { from, span: duration(record) / zoom };
}

// The time at a point of the drawing, in seconds.
export function timeAt(record, event) {
  const { left, width } = $("picture").getBoundingClientRect();
  const { from, span } = visible(record);
  return Math.min(record.duration_s, Math.max(0, from + ((event.clientX - left) / width) * span));
}

// Zooms by a factor; the second `keep` stays at its place.
export function zoomBy(record, factor, keep) {
  const { from, span } = visible(record);
  const where = Math.min(1, Math.max(0, (keep - from) / span));
  zoom = Math.min(most(record), Math.max(1, zoom * factor));
  place(record, keep - (where * duration(record)) / zoom);
}

// Shows the whole recording.
export function zoomWhole(record) {
  zoom = 1;
  place(record, 0);
}

// Scrolls a second into view.
export function reveal(record, second) {
  const { from, span } = visible(record);
  if (second < from || second > from + span) place(record, second - span / 10);
}

function place(record, from) {
  $("run").style.width = `${100 * zoom}%`;
  $("view").scrollLeft = (from / duration(record)) * $("view").scrollWidth;
  // Focusable only where there is something to scroll.
  if (zoom > 1) $("view").tabIndex = 0;
  else $("view").removeAttribute("tabindex");
  $("zoom-out").disabled = zoom <= 1;
  $("zoom-whole").disabled = zoom <= 1;
  $("zoom-in").disabled = zoom >= most(record);
  drawSoon();
}

// Calls `draw` when the visible part changes.
export function watchView(draw) {
  drawSoon = draw;
  $("view").addEventListener("scroll", draw, { passive: true });
}
