// The labels of the model in view, and their colours.

import { $, element } from "./dom.js";

// Okabe and Ito's palette, which people see apart who see few colours, and ink that can be read on each. The
// letters of a label stand beside its colour everywhere.
const PALETTE = [
  ["#e69f00", "#000"], ["#56b4e9", "#000"], ["#009e73", "#000"], ["#f0e442", "#000"],
  ["#0072b2", "#fff"], ["#d55e00", "#000"], ["#cc79a7", "#000"], ["#999999", "#000"],
];

export let labels = [];

// The colour of a label and the ink on it.
export const color = (label) => PALETTE[Math.max(0, labels.indexOf(label)) % PALETTE.length];
export const short = (label) => label.slice(0, 3);

export function setLabels(names) {
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
