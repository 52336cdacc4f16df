// Draws the waveform, the emotions and the curves of continuous targets on a canvas.

import { drawCurves } from "./dimensions.js";
import { clock } from "./dom.js";
import { color, labels, short } from "./labels.js";
import { AXIS, drawingHeight, laneOf, layout } from "./lanes.js";

// Minimum width of a label and of a time.
const NAME = 26;
const TICK = 60;
const STEPS_S = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

// `record` from `from` seconds on, `span` seconds of it; `cursor` in seconds or null.
export function drawWaveform(canvas, record, { from, span, cursor }) {
  canvas.style.height = drawingHeight(record);
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(document.documentElement);
  const view = {
    pen, width, from, span, bottom: height - AXIS, axis: height - AXIS / 2,
    x: (s) => ((s - from) / span) * width,
    s: (x) => from + (x / width) * span,
    paint: (name) => style.getPropertyValue(name).trim(),
  };
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  if (!record) {
    pen.fillStyle = view.paint("--quiet");
    pen.textAlign = "center";
    pen.font = "15px system-ui, sans-serif";
    pen.fillText("A waveform with its emotions appears here.", width / 2, height / 2, width);
    return;
  }
  for (const { lane, top, name, wave, strip, curves } of layout(record, height)) {
    if (name) drawName(view, lane, top + name / 2, lane === laneOf(record));
    if (wave) drawWave(view, lane, record.hop_s, top + name, wave);
    if (lane.frames.length || !name) drawFrames(view, lane, record.hop_s, top + name + wave, strip);
    else drawSegments(view, lane, top + name + wave, strip);
    if (curves) drawCurves(view, record, lane, top + name + wave + strip, curves);
  }
  drawTimes(view);
  if (cursor !== null) drawCursor(view, cursor);
}

// The name of a lane; the chosen one is marked.
function drawName({ pen, width, paint }, { name }, middle, chosen) {
  pen.save();
  pen.fillStyle = paint(chosen ? "--ink" : "--quiet");
  if (chosen) pen.font = "bold 12px system-ui, sans-serif";
  pen.fillText(chosen ? `▸ ${name}` : name, 4, middle, width - 8);
  pen.restore();
}

// The waveform, from `above` on and `height` pixels high; without one, the share of speech of each frame.
function drawWave({ pen, width, s, paint }, { peaks, frames }, hop_s, above, height) {
  pen.fillStyle = paint("--wave");
  const { values, rate, loudest } = peaks ?? { values: Array.from(frames, (frame) => frame?.speech ?? 0), rate: 1 / hop_s, loudest: 1 };
  const top = Math.max(0.02, loudest);
  for (let column = 0; column < width; column += 1) {
    const first = Math.floor(s(column) * rate);
    const last = Math.max(first + 1, Math.floor(s(column + 1) * rate));
    if (first >= values.length) break;
    let peak = 0;
    for (let i = first; i < last && i < values.length; i += 1) peak = Math.max(peak, values[i] ?? 0);
    const half = Math.max(1, Math.round((peak / top) * (height / 2 - 4)));
    pen.fillRect(column, above + Math.round(height / 2) - half, 1, 2 * half);
  }
}

// The label of most frames in a column of pixels: its index, -1 for no speech, undefined past the end.
function columnLabel(indexes, first, last) {
  if (last - first <= 1) return indexes[first];
  const votes = new Map();
  for (const index of indexes.slice(first, last)) votes.set(index, (votes.get(index) ?? 0) + 1);
  return [...votes].reduce((a, b) => (b[1] > a[1] ? b : a), [undefined, 0])[0];
}

// A stretch of one label in a strip; without speech of no label.
function drawStretch({ pen, paint }, label, left, right, above, height) {
  const [ground, ink] = label ? color(label) : [paint("--pause"), paint("--quiet")];
  pen.fillStyle = ground;
  pen.fillRect(left, above, right - left, height);
  if (label && right - left > NAME) {
    pen.fillStyle = ink;
    const fits = right - left > pen.measureText(label).width + 8;
    pen.fillText(fits ? label : short(label), left + 4, above + height / 2);
  }
}

function drawFrames(view, { frames }, hop_s, above, height) {
  const { width, s } = view;
  const indexes = Array.from(frames, (frame) => (frame?.label ? labels.indexOf(frame.label) : -1));
  const end_s = frames.at(-1)?.end_s ?? 0;
  const column = (x) => {
    // The offset avoids gaps from floating-point rounding at the ends of frames.
    const first = Math.floor(s(x) / hop_s + 1e-6);
    return s(x) >= end_s ? undefined : columnLabel(indexes, first, Math.floor(s(x + 1) / hop_s + 1e-6));
  };
  for (let left = 0; left < width;) {
    const index = column(left);
    let right = left + 1;
    while (right < width && column(right) === index) right += 1;
    if (index !== undefined) drawStretch(view, labels[index], left, right, above, height);
    left = right;
  }
}

// Given segments, with the time between them left empty.
function drawSegments(view, { segments }, above, height) {
  for (const { start_s, end_s, label } of segments) {
    const [left, right] = [Math.max(0, Math.floor(view.x(start_s))), Math.min(view.width, Math.ceil(view.x(end_s)))];
    if (left < right) drawStretch(view, label, left, right, above, height);
  }
}

function drawTimes({ pen, width, from, span, axis, x, paint }) {
  const step = STEPS_S.find((s) => (s / span) * width > TICK) ?? 7200;
  pen.fillStyle = paint("--quiet");
  for (let s = Math.ceil(from / step) * step; s <= from + span; s += step) {
    const text = clock(s, step < 1 ? 1 : 0);
    if (x(s) + pen.measureText(text).width <= width) pen.fillText(text, x(s), axis);
  }
}

function drawCursor({ pen, bottom, x, paint }, cursor) {
  const at = Math.round(x(cursor));
  pen.fillStyle = paint("--card");
  pen.fillRect(at - 2, 0, 5, bottom);
  pen.fillStyle = paint("--ink");
  pen.fillRect(at - 1, 0, 3, bottom);
}
