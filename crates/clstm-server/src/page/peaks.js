// The waveform as it is drawn: the largest magnitude of each column.

// Columns a second.
const COLUMNS = 50;
// Samples a column of a decoded recording.
const COLUMN_SAMPLES = 320;
// Sample rate at which a recording is decoded for the drawing, in Hz.
export const PEAK_RATE = COLUMNS * COLUMN_SAMPLES;

export const emptyPeaks = () => ({ values: [], rate: COLUMNS, loudest: 0 });

// Adds `samples` at `rate` Hz, of which `before` came earlier.
export function addPeaks(peaks, samples, rate, before) {
  for (let i = 0; i < samples.length; i += 1) {
    const column = Math.floor(((before + i) / rate) * COLUMNS);
    const height = Math.abs(samples[i]);
    peaks.values[column] = Math.max(peaks.values[column] ?? 0, height);
    peaks.loudest = Math.max(peaks.loudest, height);
  }
}

function columnsOf(samples) {
  const values = new Float32Array(Math.ceil(samples.length / COLUMN_SAMPLES));
  for (let column = 0; column < values.length; column += 1) {
    const end = Math.min(samples.length, (column + 1) * COLUMN_SAMPLES);
    let peak = 0;
    for (let i = column * COLUMN_SAMPLES; i < end; i += 1) peak = Math.max(peak, Math.abs(samples[i]));
    values[column] = peak;
  }
  return values;
}

// Of the channels of a recording at `PEAK_RATE`, all to one scale.
export function peaksOf(channels) {
  const all = channels.map(columnsOf);
  const loudest = all.reduce((most, values) => values.reduce((a, b) => Math.max(a, b), most), 0);
  return all.map((values) => ({ values, rate: COLUMNS, loudest }));
}
