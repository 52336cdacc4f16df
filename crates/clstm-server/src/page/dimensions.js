// Continuous targets of a model, such as arousal: their values and their curves.

import { $, element } from "./dom.js";

// Height of the curves of a lane, in pixels, and the space above and below them.
const HEIGHT = 60;
const MARGIN = 6;
// Colours of the style sheet and dashes, so that curves differ without colour as well.
const STYLES = [["--curve-1", []], ["--curve-2", [7, 3]], ["--curve-3", [2, 3]]];

let dimensions = [];

// Name, minimum and maximum of each; none for most models.
export const dimensionsOf = (record) => record?.dimensions ?? [];

export const curvesOf = (record) => (dimensionsOf(record).length ? HEIGHT : 0);

// The dimensions of the recording in view.
export function setDimensions(known) {
  dimensions = known;
  $("dimensions").hidden = !known.length;
  $("dimensions").replaceChildren(...known.map(({ name, min, max }, i) => {
    const row = element("li");
    const line = element("span", undefined, "line");
    line.setAttribute("aria-hidden", "true");
    line.style.borderTopColor = `var(${STYLES[i % STYLES.length][0]})`;
    line.style.borderTopStyle = ["solid", "dashed", "dotted"][i % STYLES.length];
    row.append(line, element("span", name, "name"), element("span", "–", "value"), element("span", `${format(min)} to ${format(max)}`, "range"));
    return row;
  }));
  const heads = ["From", "To", "Emotion", "Confidence", ...known.map(({ name }) => name)];
  $("columns").replaceChildren(...heads.map((name) => {
    const head = element("th", name);
    head.scope = "col";
    return head;
  }));
}

export const format = (value) => (value === undefined ? "–" : value.toFixed(2));

export function showValues(values) {
  [...$("dimensions").children].forEach((row, i) => {
    row.querySelector(".value").textContent = format(values?.[dimensions[i]?.name]);
  });
}

// The cells of a segment in the table.
export const valueCells = (segment) => dimensions.map(({ name }) => element("td", segment.label ? format(segment.dimensions?.[name]) : ""));

// The means of the values of frames; undefined without dimensions.
export function meanValues(frames) {
  const names = Object.keys(frames[0]?.dimensions ?? {});
  if (!names.length) return undefined;
  const mean = (name) => frames.reduce((sum, frame) => sum + frame.dimensions[name], 0) / frames.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)]));
}

// The mean value of the frames in a column of pixels; undefined without speech.
function valueAt(frames, name, first, last) {
  const values = frames.slice(first, Math.max(first + 1, last)).map((frame) => frame?.dimensions?.[name]);
  const known = values.filter((value) => value !== undefined);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
}

// The parts of a curve: left and right edge in pixels, and the value.
function partsOf({ width, s, x }, { frames, segments }, name, hop_s) {
  if (!frames.length) {
    const known = segments.filter((segment) => segment.dimensions?.[name] !== undefined);
    return known.map(({ start_s, end_s, dimensions }) => [x(start_s), x(end_s), dimensions[name]]);
  }
  const frame = (column) => Math.floor(s(column) / hop_s + 1e-6);
  const columns = Array.from({ length: width }, (_, at) => [at, at + 1, valueAt(frames, name, frame(at), frame(at + 1))]);
  return columns.filter(([, , value]) => value !== undefined);
}

// A curve for each dimension from its minimum to its maximum, with gaps where there is no speech.
export function drawCurves(view, record, lane, above, height) {
  const { pen, paint } = view;
  pen.save();
  pen.lineWidth = 2;
  dimensionsOf(record).forEach(({ name, min, max }, i) => {
    const [color, dash] = STYLES[i % STYLES.length];
    pen.strokeStyle = paint(color);
    pen.setLineDash(dash);
    pen.beginPath();
    let end = null;
    for (const [left, right, value] of partsOf(view, lane, name, record.hop_s)) {
      const y = above + height - MARGIN - ((value - min) / (max - min)) * (height - 2 * MARGIN);
      if (left === end) pen.lineTo(left, y);
      else pen.moveTo(left, y);
      pen.lineTo(right, y);
      end = right;
    }
    pen.stroke();
  });
  pen.restore();
}
