// The lanes of a recording: one for each channel or speaker, or a single one without a name.

import { curvesOf } from "./dimensions.js";
import { $, element } from "./dom.js";

// Height of the time axis, in pixels.
export const AXIS = 18;
// Of a single lane, the strip of emotions; the waveform has the rest.
const SINGLE_STRIP = 44;
// Of each of several lanes, the name, the waveform and the strip.
const NAME = 18;
const WAVE = 48;
const STRIP = 34;

// The chosen lane.
export const laneOf = (record) => record.lanes[record.chosen];

const isSingle = ({ lanes }) => lanes.length === 1 && !lanes[0].name;
const waveOf = (lane) => (lane.frames.length ? WAVE : 0);
const heightOf = (record, lane) => NAME + waveOf(lane) + STRIP + curvesOf(record);

// Height of the drawing in pixels; that of the style sheet for a single lane.
export function drawingHeight(record) {
  if (!record || isSingle(record)) return "";
  return `${AXIS + record.lanes.reduce((sum, lane) => sum + heightOf(record, lane), 0)}px`;
}

// Where the lanes are, from top to bottom.
export function layout(record, height) {
  const curves = curvesOf(record);
  if (isSingle(record)) {
    const wave = height - AXIS - SINGLE_STRIP - curves;
    return [{ lane: record.lanes[0], top: 0, name: 0, wave, strip: SINGLE_STRIP, curves }];
  }
  let below = 0;
  return record.lanes.map((lane) => {
    const top = below;
    below += heightOf(record, lane);
    return { lane, top, name: NAME, wave: waveOf(lane), strip: STRIP, curves };
  });
}

// The number of the lane at a point of the drawing; that of the chosen one outside of the lanes.
export function laneAt(record, { clientY }) {
  const { top, height } = $("picture").getBoundingClientRect();
  const at = layout(record, height).findIndex((place) => {
    const y = clientY - top - place.top;
    return y >= 0 && y < place.name + place.wave + place.strip + place.curves;
  });
  return at < 0 ? record.chosen : at;
}

// Offers the lanes of a recording; nothing for a single one.
export function offerLanes(record) {
  const lanes = record && !isSingle(record) ? record.lanes : [];
  $("lane-field").hidden = lanes.length < 2;
  $("lane").replaceChildren(...lanes.map(({ name }, i) => {
    const option = element("option", name);
    option.value = i;
    return option;
  }));
  if (lanes.length) $("lane").value = record.chosen;
}

// A lane in words, for screen readers.
export function describe({ name, segments }, clock) {
  const texts = segments.map((s) => `${s.label ?? "no speech"} to ${clock(s.end_s)}`);
  const many = texts.length > 12 ? [...texts.slice(0, 12), "and more, see the table"] : texts;
  const text = many.join(", ") || "nothing yet";
  return name ? `${name}: ${text}` : text;
}
