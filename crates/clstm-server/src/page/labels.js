// The labels of the model in view, and their colours.

import { $, element } from "./dom.js";

// Colour of each emotion and the text colour on it, with a contrast of 4.5 to 1 or more. A colour belongs to an
// emotion, so that it means the same for every model. The name of each label is always beside its colour.
const COLORS = {
  angry: ["#cf3a2c", "#fff"],
  happy: ["#f2c12e", "#000"],
  sad: ["#0067a5", "#fff"],
  fearful: ["#7a4fb0", "#fff"],
  disgust: ["#6f8f2f", "#000"],
  surprised: ["#e58fc0", "#000"],
  neutral: ["#9aa0a6", "#000"],
  calm: ["#3fb5a8", "#000"],
  bored: ["#8a6b57", "#fff"],
  excited: ["#f28a30", "#000"],
  contempt: ["#5d6b1e", "#fff"],
  frustrated: ["#9c2f5a", "#fff"],
};

// Other names of the same emotions.
const SYNONYMS = {
  anger: "angry", happiness: "happy", joy: "happy", joyful: "happy", amused: "happy", sadness: "sad", fear: "fearful",
  anxiety: "fearful", anxious: "fearful", disgusted: "disgust", surprise: "surprised", boredom: "bored",
  excitement: "excited", frustration: "frustrated", contemptuous: "contempt",
};

// For labels that are no known emotion.
const OTHERS = [["#56b4e9", "#000"], ["#b58900", "#000"], ["#40506a", "#fff"], ["#a3c586", "#000"]];

export let labels = [];

// The colour of a label and the text colour on it.
export function color(label) {
  const name = label.toLowerCase();
  const known = COLORS[SYNONYMS[name] ?? name];
  if (known) return known;
  // By the name, not by the position among the labels.
  let hash = 0;
  for (const letter of name) hash = (31 * hash + letter.codePointAt(0)) % 65521;
  return OTHERS[hash % OTHERS.length];
}

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
