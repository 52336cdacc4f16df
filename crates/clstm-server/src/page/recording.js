// Recordings: files in, records out.

import { PEAK_RATE, peaksOf } from "./peaks.js";
import { meanOf } from "./prediction.js";
import { fileQueue } from "./queue.js";
import { Unreachable, ask, back, fail, model } from "./server.js";

const HOP_S = 0.5;
// No waveform above this duration: the browser needs 700 MB per channel to decode an hour at 48 kHz.
const WAVE_S = 3600;
// Most lanes by speaker: those who speak most.
const MOST_SPEAKERS = 12;

// The waveforms of the channels; none for a format that the browser cannot decode.
async function waveforms(bytes) {
  try {
    // The browser decodes for the drawing only; the server gets the file.
    const sound = await new OfflineAudioContext(1, 1, PEAK_RATE).decodeAudioData(bytes);
    return peaksOf(Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel)));
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
  const lanes = speakers.filter((one) => most.includes(one)).map(({ speaker, time, confidence, dimensions }) => {
    const [label] = Object.entries(time).reduce((a, b) => (b[1] > a[1] ? b : a), [null, 0]);
    const name = speaker ?? "no speaker";
    return {
      name, about: `${name}, share of the time by emotion`, frames: [], peaks: null,
      segments: segments.filter((segment) => (segment.speaker ?? null) === speaker),
      whole: label ? { label, confidence, probabilities: time, dimensions } : { label: null },
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
  return { name: file.name, model: served, labels: served.labels, dimensions: served.dimensions, hop_s: HOP_S, chosen: 0, sound: file, ...found };
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

export const recognizeFiles = fileQueue(withRetry, (wrong, alarmAll) => {
  if (wrong.length === 1 && wrong[0][1] instanceof Unreachable) fail(wrong[0][1]);
  else alarmAll(wrong);
});
