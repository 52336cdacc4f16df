// Joins consecutive frames of one label to segments: `clstm/src/stream/segments.rs`.

export class Segmenter {
  #config;
  #labels;
  #current = null;
  #pending = []; // the latest frames, all of one label that differs from the current segment's

  constructor(config, labels) {
    this.#config = config;
    this.#labels = labels;
  }

  // Adds the next frame, and returns the segment that it ends, if any.
  next(frame) {
    if (!this.#current) {
      this.#current = [frame];
      return null;
    }
    const { label } = this.#current[0];
    if (frame.label === label) {
      // The change did not last.
      this.#current.push(...this.#pending.splice(0), frame);
      return null;
    }
    if (this.#pending.length && this.#pending.at(-1).label !== frame.label) this.#current.push(...this.#pending.splice(0));
    this.#pending.push(frame);
    const { min_pause_s, min_segment_s } = this.#config;
    // Speech ends a pause at once, however short it is.
    const least = label === null ? 0 : frame.label === null ? min_pause_s : min_segment_s;
    // Sums of hops are not exact.
    if (this.#pending.at(-1).end_s - this.#pending[0].start_s < least - 1e-6) return null;
    const ended = this.#close();
    this.#current = this.#pending.splice(0);
    return ended;
  }

  // The last segment, at the end of the stream.
  finish() {
    if (!this.#current) return null;
    this.#current.push(...this.#pending.splice(0));
    return this.#close();
  }

  #close() {
    const frames = this.#current;
    const segment = { start_s: frames[0].start_s, end_s: frames.at(-1).end_s, label: frames[0].label };
    if (segment.label === null) return segment;
    const spoken = frames.filter((frame) => frame.label !== null);
    const mean = (label) => spoken.reduce((sum, frame) => sum + frame.probabilities[label], 0) / spoken.length;
    const probabilities = Object.fromEntries(this.#labels.map((label) => [label, mean(label)]));
    return { ...segment, confidence: probabilities[segment.label], probabilities };
  }
}
