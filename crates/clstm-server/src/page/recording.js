// Recordings: files in, records out.

import { alarm, announce } from "./dom.js";
import { remember, view } from "./history.js";
import { damage, meanOf, summaryOf } from "./prediction.js";
import { Unreachable, ask, back, fail, model } from "./server.js";

const HOP_S = 0.5;
// No waveform above this duration: the browser needs 700 MB per channel to decode an hour at 48 kHz.
const WAVE_S = 3600;
// Of the waveform, columns a second and samples a column.
const COLUMNS = 50;
const COLUMN_SAMPLES = 320;
// Most lanes by speaker: those who speak most.
const MOST_SPEAKERS = 12;

const waiting = [];
let busy = false;

function peaksOf(samples) {
  const values = new Float32Array(Math.ceil(samples.length / COLUMN_SAMPLES));
  for (let column = 0; column < values.length; column += 1) {
    const end = Math.min(samples.length, (column + 1) * COLUMN_SAMPLES);
    let peak = 0;
    for (let i = column * COLUMN_SAMPLES; i < end; i += 1) peak = Math.max(peak, Math.abs(samples[i]));
    values[column] = peak;
  }
  return values;
}

// The waveforms of the channels, all to one scale; none for a format that the browser cannot decode.
async function waveforms(bytes) {
  try {
    // The browser decodes for the drawing only; the server gets the file.
    const sound = await new OfflineAudioContext(1, 1, COLUMNS * COLUMN_SAMPLES).decodeAudioData(bytes);
    const all = Array.from({ length: sound.numberOfChannels }, (_, channel) => peaksOf(sound.getChannelData(channel)));
    const loudest = all.reduce((most, values) => values.reduce((a, b) => Math.max(a, b), most), 0);
    return all.map((values) => ({ values, rate: COLUMNS, loudest }));
  } catch {
    return [];
  }
}

// The result of the first request, or of the second one if the first has too many channels or seconds of them.
const eachOrMix = (each, mix) => each().catch((error) => {
  if (error.kind === "channels" || error.kind === "too_long") return mix();
  throw error;
});

// The lanes of a recording without given segments: one for each channel of several.
async function channelLanes(post, file, labels) {
  const timeline = `&timeline=both&hop=${HOP_S}`;
  const { frames, segments, duration_s, damaged } =
    await eachOrMix(() => post(`${timeline}&channels=each`, file), () => post(timeline, file));
  const numbers = [...new Set(frames.map(({ channel }) => channel))];
  const apart = numbers.length > 1;
  const whole = await post(apart ? "&channels=each" : "", file).catch((error) => {
    // The limit for a timeline is higher than the one for a whole recording.
    if (error.kind === "too_long") return null;
    throw error;
  });
  const peaks = duration_s <= WAVE_S ? await waveforms(await file.arrayBuffer()) : [];
  const lanes = numbers.map((channel, i) => {
    // The rows of a single lane are those of the mean.
    const of = (rows) => rows.filter((row) => row.channel === channel).map(({ channel: own, ...row }) => (apart ? { channel: own, ...row } : row));
    const own = of(frames);
    const prediction = apart ? whole?.channels[i] : whole;
    return {
      name: apart ? `channel ${channel}` : "", about: apart ? `channel ${channel} as a whole` : "as a whole",
      frames: own, segments: of(segments), whole: prediction ?? meanOf(own, labels), peaks: peaks[i] ?? null,
    };
  });
  return { lanes, duration_s, damaged };
}

// The lanes of the speakers of given segments.
async function speakerLanes(post, file, given) {
  const form = new FormData();
  form.append("file", file);
  form.append("segments", given);
  const { segments, speakers, duration_s, damaged } = await post("", form);
  const most = [...speakers].sort((a, b) => b.labelled_s - a.labelled_s).slice(0, MOST_SPEAKERS);
  const lanes = speakers.filter((one) => most.includes(one)).map(({ speaker, time, confidence }) => {
    const [label] = Object.entries(time).reduce((a, b) => (b[1] > a[1] ? b : a), [null, 0]);
    const name = speaker ?? "no speaker";
    return {
      name, about: `${name}, share of the time by emotion`, frames: [], peaks: null,
      segments: segments.filter((segment) => (segment.speaker ?? null) === speaker),
      whole: label ? { label, confidence, probabilities: time } : { label: null },
    };
  });
  return { lanes, duration_s, damaged };
}

async function recognize({ file, given }) {
  // Fails for what cannot be read, such as a folder.
  await file.slice(0, 1).arrayBuffer();
  const served = model();
  // The file, not its bytes: the browser then sends it from the disk.
  const post = (query, body) => ask(`v1/recognize?model=${encodeURIComponent(served.name)}${query}`, { method: "POST", body });
  const found = given ? await speakerLanes(post, file, given) : await channelLanes(post, file, served.labels);
  return { name: file.name, model: served, labels: served.labels, hop_s: HOP_S, chosen: 0, sound: file, ...found };
}

// Retries once when an unreachable server is reachable again.
async function withRetry(entry) {
  try {
    return await recognize(entry);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    await back();
    return recognize(entry);
  }
}

// Recognises files one after the other, also those added meanwhile; one of them with given segments. `live` returns whether the
// microphone is on.
export async function recognizeFiles(files, live, given = null) {
  if (live()) return alarm("Stop the microphone first.");
  if (!files.length) return alarm("That is not a file.");
  waiting.push(...files.map((file) => ({ file, given })));
  if (busy) return undefined;
  busy = true;
  const wrong = [];
  while (waiting.length) {
    const entry = waiting.shift();
    const { name } = entry.file;
    announce(`Processing ${name} …${waiting.length ? ` (${waiting.length} more)` : ""}`);
    try {
      const record = await withRetry(entry);
      remember(record, live);
      if (!live()) view(record);
      announce(`${name}: ${summaryOf(record)}${damage(record)}.`);
    } catch (error) {
      wrong.push([name, error]);
    }
  }
  busy = false;
  if (wrong.length === 1 && wrong[0][1] instanceof Unreachable) fail(wrong[0][1]);
  else if (wrong.length) alarm(wrong.map(([name, error]) => `${name}: ${error.message}`).join(" "));
  return undefined;
}
