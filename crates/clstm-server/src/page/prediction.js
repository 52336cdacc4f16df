// The prediction as a word, and its probabilities as bars.

import { meanValues, showValues } from "./dimensions.js";
import { $, percent } from "./dom.js";
import { labels } from "./labels.js";

function showBars(probabilities) {
  const values = labels.map((label) => probabilities?.[label] ?? 0);
  const best = Math.max(...values);
  [...$("bars").children].forEach((row, i) => {
    row.querySelector(".bar").style.width = `${100 * values[i]}%`;
    row.querySelector(".share").textContent = probabilities ? percent(values[i]) : "–";
    row.classList.toggle("first", Boolean(probabilities) && values[i] === best);
  });
}

// Below the threshold at which the model's calibration recommends to abstain.
export const unsure = (prediction, abstention) => Boolean(prediction?.label) && prediction.confidence < (abstention ?? 0);

// One line for a prediction, for the history and the status.
export function summary(prediction, abstention) {
  if (!prediction?.label) return "no speech";
  if (!unsure(prediction, abstention)) return `${prediction.label} ${percent(prediction.confidence)}`;
  return `unsure: ${likeliest(prediction).map(([label, p]) => `${label} ${percent(p)}`).join(", ")}`;
}

// One line for all lanes of a recording.
export function summaryOf({ lanes, model }) {
  const texts = lanes.map(({ name, whole }) => `${name ? `${name}: ` : ""}${summary(whole, model.abstention)}`);
  return texts.join("; ") || "no segments";
}

// What is missing of a damaged recording, to follow its summary; nothing for others.
export function damage({ damaged }) {
  if (!damaged) return "";
  return damaged.missing_s > 0 ? `, damaged: ${damaged.missing_s.toFixed(1)} s missing` : ", damaged";
}

const likeliest = ({ probabilities }) => Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, 2);

// `context` names the part of the recording. `abstention` is the model's threshold.
export function showPrediction(prediction, context, abstention, otherwise = "no speech") {
  const abstains = unsure(prediction, abstention);
  const text = abstains
    ? `Unsure: ${likeliest(prediction).map(([label]) => label).join(" or ")}`
    : prediction?.label ?? otherwise;
  $("prediction").classList.toggle("unsure", abstains || !prediction?.label);
  $("prediction").classList.toggle("provisional", Boolean(prediction?.provisional));
  if ($("prediction").textContent !== text) $("prediction").textContent = text;
  $("when").textContent = context + (prediction?.label ? `, ${percent(prediction.confidence)} confidence` : "");
  showBars(prediction?.label ? prediction.probabilities : undefined);
  showValues(prediction?.label ? prediction.dimensions : undefined);
}

// Whether screen readers announce changes: not while a recording plays.
export function announceChanges(on) {
  $("prediction").setAttribute("aria-live", on ? "polite" : "off");
}

// The mean over all frames with speech, for recordings without a prediction as a whole.
export function meanOf(frames, names) {
  const spoken = frames.filter((frame) => frame.label);
  if (!spoken.length) return null;
  const probabilities = Object.fromEntries(names.map((label) => {
    return [label, spoken.reduce((sum, frame) => sum + frame.probabilities[label], 0) / spoken.length];
  }));
  const label = names.reduce((a, b) => (probabilities[b] > probabilities[a] ? b : a));
  return { label, confidence: probabilities[label], probabilities, dimensions: meanValues(spoken) };
}
