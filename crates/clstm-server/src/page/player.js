// The sound of the record in view.

import { $ } from "./dom.js";

const audio = new Audio();
let source = null;
let told = { at() {}, ended() {}, playing() {} };

// `sound` is a file, or null where there is none to play.
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
  // Refused where the sound is exchanged meanwhile; an error of its own tells of formats.
  if (audio.paused) audio.play().catch(() => {});
  else audio.pause();
}

function follow() {
  if (audio.paused) return;
  told.at(audio.currentTime);
  requestAnimationFrame(follow);
}

function plays(on) {
  $("play").classList.toggle("on", on);
  if (!$("play").disabled) $("play-text").textContent = on ? "Pause" : "Play";
  told.playing(on);
}

// Calls `at(second)` while it plays, `ended()` at the end, `playing(whether)` in between.
export function startPlayer(tell) {
  told = tell;
  audio.addEventListener("play", () => {
    plays(true);
    follow();
  });
  audio.addEventListener("pause", () => plays(false));
  audio.addEventListener("ended", () => told.ended());
  audio.addEventListener("error", () => {
    if (audio.hasAttribute("src")) able(false);
  });
}
