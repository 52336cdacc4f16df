// Recordings: files in, records out.

import { alarm, say } from "./dom.js";
import { remember, view } from "./history.js";
import { damage, meanOf, summary } from "./prediction.js";
import { Unreachable, ask, back, fail, model } from "./server.js";

const HOP_S = 0.5;
// No waveform above this duration: the browser needs 700 MB per channel to decode an hour at 48 kHz.
const WAVE_S = 3600;
// Of the waveform, columns a second and samples a column.
const COLUMNS = 50;
const COLUMN_SAMPLES = 320;

const waiting = [];
let busy = false;

async function peaksOf(bytes) {
  try {
    // The browser decodes for the drawing only; the server gets the file.
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
    return null; // a format that the browser cannot decode
  }
}

async function recognize(file) {
  // Fails for what cannot be read, such as a folder.
  await file.slice(0, 1).arrayBuffer();
  const served = model();
  // The file, not its bytes: the browser then sends it from the disk.
  const post = (query) => ask(`v1/recognize?model=${encodeURIComponent(served.name)}${query}`, { method: "POST", body: file });
  const { frames, segments, duration_s, damaged } = await post(`&timeline=both&hop=${HOP_S}`);
  const whole = await post("").catch((error) => {
    // The limit for a timeline is higher than the one for a whole recording.
    if (error.kind === "too_long") return meanOf(frames, served.labels);
    throw error;
  });
  const peaks = duration_s <= WAVE_S ? await peaksOf(await file.arrayBuffer()) : null;
  return { name: file.name, model: served, labels: served.labels, whole, duration_s, damaged, hop_s: HOP_S, frames, segments, peaks, sound: file };
}

// Retries once when an unreachable server is reachable again.
async function withRetry(file) {
  try {
    return await recognize(file);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    await back();
    return recognize(file);
  }
}

// Recognises files one after the other, also those added meanwhile. `live` returns whether the microphone is on.
export async function recognizeFiles(files, live) {
  if (live()) return alarm("Stop the microphone first.");
  if (!files.length) return alarm("That is not a file.");
  waiting.push(...files);
  if (busy) return undefined;
  busy = true;
  const wrong = [];
  while (waiting.length) {
    const file = waiting.shift();
    say(`Processing ${file.name} …${waiting.length ? ` (${waiting.length} more)` : ""}`);
    try {
      const record = await withRetry(file);
      remember(record, live);
      if (!live()) view(record);
      say(`${file.name}: ${summary(record.whole, record.model.abstention)}${damage(record)}.`);
    } catch (error) {
      wrong.push([file.name, error]);
    }
  }
  busy = false;
  if (wrong.length === 1 && wrong[0][1] instanceof Unreachable) fail(wrong[0][1]);
  else if (wrong.length) alarm(wrong.map(([name, error]) => `${name}: ${error.message}`).join(" "));
  return undefined;
}
