// The answer in large, and its probabilities as bars.

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

// `where` is for the eye only: who listens to the page hears the label when it changes.
export function showAnswer(answer, where, otherwise = "no speech") {
  const text = answer?.label ?? otherwise;
  if ($("answer").textContent !== text) $("answer").textContent = text;
  $("when").textContent = where + (answer?.label ? `, ${percent(answer.confidence)} sure` : "");
  showBars(answer?.label ? answer.probabilities : undefined);
}

// Whether changes are told to who listens to the page: not over the sound of a recording.
export function tellChanges(told) {
  $("answer").setAttribute("aria-live", told ? "polite" : "off");
}

// The mean over all frames that were speech, for sound that has no answer as a whole.
export function meanOf(frames, names) {
  const heard = frames.filter((frame) => frame.label);
  if (!heard.length) return null;
  const probabilities = Object.fromEntries(names.map((label) => {
    return [label, heard.reduce((sum, frame) => sum + frame.probabilities[label], 0) / heard.length];
  }));
  const label = names.reduce((a, b) => (probabilities[b] > probabilities[a] ? b : a));
  return { label, confidence: probabilities[label], probabilities };
}
