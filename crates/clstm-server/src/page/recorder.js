// Hands the microphone's samples to the page, a tenth of a second at a time.

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunk = new Float32Array(Math.round(sampleRate / 10));
    this.filled = 0;
  }

  process([channels]) {
    const samples = channels[0];
    if (!samples) return true;
    let at = 0;
    while (at < samples.length) {
      const some = samples.subarray(at, at + this.chunk.length - this.filled);
      this.chunk.set(some, this.filled);
      this.filled += some.length;
      at += some.length;
      if (this.filled === this.chunk.length) {
        this.port.postMessage(this.chunk.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
