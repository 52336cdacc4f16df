// Where audio comes from: chosen and dropped files, a sample, the microphone.

import { $, alarm } from "./dom.js";

const SAMPLE = "Sample: an actor reads a sentence sadly.wav";

// The files of a control, which is emptied, so that the same file can be chosen again.
export function chosen(control) {
  const files = [...control.files];
  control.value = "";
  return files;
}

// `recognize` receives a list of files; `microphone` is called when its button is pressed; `unreachable` when the sample cannot
// be loaded.
export function startSources({ recognize, microphone, unreachable = () => alarm("The sample cannot be loaded.") }) {
  $("file").addEventListener("change", ({ target }) => {
    const files = chosen(target);
    if (files.length) recognize(files);
  });
  for (const type of ["dragenter", "dragover"]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      $("drop").classList.add("over");
    });
  }
  for (const type of ["dragleave", "drop"]) {
    addEventListener(type, () => $("drop").classList.remove("over"));
  }
  addEventListener("drop", (event) => {
    event.preventDefault();
    recognize([...event.dataTransfer.files]);
  });
  $("microphone").addEventListener("click", microphone);
  $("sample").addEventListener("click", async () => {
    let bytes;
    try {
      const response = await fetch("sample.wav");
      bytes = await response.blob();
    } catch {
      unreachable();
      return;
    }
    recognize([new File([bytes], SAMPLE, { type: "audio/wav" })]);
  });
}

// The state of the microphone's button.
export function showMicrophone(on) {
  $("microphone").classList.toggle("on", on);
  $("microphone-text").textContent = on ? "Stop the microphone" : "Use the microphone";
}
