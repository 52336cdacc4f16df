// Recordings: files in, records out.

import { meanOf } from "./answer.js";
import { alarm, percent, say } from "./dom.js";
import { remember, view } from "./history.js";
import { Gone, ask, back, chosenLabels, fail, model } from "./server.js";

const HOP_S = 0.5;
// Beyond it no waveform is drawn: decoding an hour at 48 kHz takes the browser 700 MB a channel.
const WAVE_S = 3600;
// Of the waveform, columns a second and samples a column.
const COLUMNS = 50;
const COLUMN_SAMPLES = 320;

const waiting = [];
let busy = false;

async function peaksOf(bytes) {
  try {
    // Decoded by the browser for the picture only; the server hears the file itself.
    const sound = await new OfflineAudioContext(1, 1, COLUMNS * COLUMN_SAMPLES).decodeAudioData(bytes);
    const samples = sound.getChannelData(0);
    const values = new Float32Array(Math.ceil(samples.length / COLUMN_SAMPLES));
    let loudest = 0;
    for (let column = 0; column < values.length; column += 1) {
      const end = Math.min(samples.length, (column + 1) * COLUMN_SAMPLES);
      let peak = 0;
      for (let i = column * COLUMN_SAMPLES; i < end; i += 1) peak = Math.max(peak, Math.abs(samples[i]));
      values[column] = peak;
      loudest = Math.max(loudest, peak);
    }
    return { values, rate: COLUMNS, loudest };
  } catch {
    return null; // a format that the server knows and the browser does not
  }
}

async function recognize(file) {
  // What cannot be read, such as a folder, is not the server's fault.
  await file.slice(0, 1).arrayBuffer();
  const [name, labels] = [model(), chosenLabels()];
  // The file itself, not its bytes: the browser sends it from the disk and does not stop for it.
  const post = (query) => ask(`v1/recognize?model=${encodeURIComponent(name)}${query}`, { method: "POST", body: file });
  const { frames, segments, duration_s } = await post(`&timeline=both&hop=${HOP_S}`);
  const whole = await post("").catch((error) => {
    // Timelines may be longer than what is heard as a whole.
    if (error.kind === "too_long") return meanOf(frames, labels);
    throw error;
  });
  const peaks = duration_s <= WAVE_S ? await peaksOf(await file.arrayBuffer()) : null;
  return { name: file.name, model: name, labels, whole, duration_s, hop_s: HOP_S, frames, segments, peaks, sound: file };
}

// Where the server is gone, once more when it is back.
async function patiently(file) {
  try {
    return await recognize(file);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    await back();
    return recognize(file);
  }
}

// Hears files one after the other, those that come meanwhile too. `live` says whether the microphone is on.
export async function hear(files, live) {
  if (live()) return alarm("Stop listening first.");
  if (!files.length) return alarm("That is not a file.");
  waiting.push(...files);
  if (busy) return undefined;
  busy = true;
  const wrong = [];
  while (waiting.length) {
    const file = waiting.shift();
    say(`Hearing ${file.name} …${waiting.length ? ` (${waiting.length} more)` : ""}`);
    try {
      const record = await patiently(file);
      remember(record, live);
      if (!live()) view(record);
      say(`${file.name}: ${record.whole ? `${record.whole.label}, ${percent(record.whole.confidence)} sure` : "no speech"}.`);
    } catch (error) {
      wrong.push([file.name, error]);
    }
  }
  busy = false;
  if (wrong.length === 1 && wrong[0][1] instanceof Gone) fail(wrong[0][1]);
  else if (wrong.length) alarm(wrong.map(([name, error]) => `${name}: ${error.message}`).join(" "));
  return undefined;
}
