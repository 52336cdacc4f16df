// Playback of the recording in view.

import { $ } from "./dom.js";

const audio = new Audio();
let source = null;
let listeners = { at() {}, ended() {}, playing() {} };

// `sound` is a file or null.
export function load(sound) {
  audio.pause();
  if (source) URL.revokeObjectURL(source);
  source = sound ? URL.createObjectURL(sound) : null;
  if (source) audio.src = source;
  else audio.removeAttribute("src");
  able(Boolean(source));
}

function able(can) {
  $("play").disabled = !can;
  $("play-text").textContent = can ? "Play" : "No playback";
  $("play").title = can ? "" : "The browser cannot play this format.";
}

export function seek(second) {
  if (source) audio.currentTime = second;
}

export const pause = () => {
  audio.pause();
  seek(0);
};

export function toggle() {
  if ($("play").disabled) return;
  // Rejected if another recording is loaded meanwhile; formats have an error event of their own.
  if (audio.paused) audio.play().catch(() => {});
  else audio.pause();
}

function follow() {
  if (audio.paused) return;
  listeners.at(audio.currentTime);
  requestAnimationFrame(follow);
}

function plays(on) {
  $("play").classList.toggle("on", on);
  if (!$("play").disabled) $("play-text").textContent = on ? "Pause" : "Play";
  listeners.playing(on);
}

// Calls `at(second)` while it plays, `ended()` at the end, `playing(whether)` in between.
export function startPlayer(given) {
  listeners = given;
  audio.addEventListener("play", () => {
    plays(true);
    follow();
  });
  audio.addEventListener("pause", () => plays(false));
  audio.addEventListener("ended", () => listeners.ended());
  audio.addEventListener("error", () => {
    if (audio.hasAttribute("src")) able(false);
  });
}
