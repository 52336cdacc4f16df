// Resampling of live audio: a windowed sinc (Kaiser window), as browsers do not resample streams alike.

// Zero crossings on each side, and the shape of the window: 80 dB of stop band.
const CROSSINGS = 24;
const BETA = 8;
// Pass band, as a share of half the lower rate.
const PASS = 0.92;

// Modified Bessel function of the first kind, of order 0.
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

export class Resampler {
  #step; // input samples for each output sample
  #cutoff;
  #reach; // input samples on each side
  #input;
  #position; // of the next output sample in `#input`

  constructor(from, to) {
    this.#step = from / to;
    this.#cutoff = from === to ? 1 : PASS * Math.min(1, to / from);
    this.#reach = Math.ceil(CROSSINGS / this.#cutoff);
    this.#input = new Float32Array(this.#reach);
    this.#position = this.#reach;
  }

  // The samples at the new rate that `samples` complete.
  push(samples) {
    if (this.#step === 1) return samples;
    const input = new Float32Array(this.#input.length + samples.length);
    input.set(this.#input);
    input.set(samples, this.#input.length);
    const output = [];
    while (this.#position + this.#reach < input.length) {
      output.push(this.#at(input, this.#position));
      this.#position += this.#step;
    }
    const old = Math.max(0, Math.floor(this.#position) - this.#reach);
    this.#input = input.slice(old);
    this.#position -= old;
    return Float32Array.from(output);
  }

  // What is left at the end.
  finish() {
    return this.push(new Float32Array(this.#step === 1 ? 0 : this.#reach));
  }

  #at(input, position) {
    let sum = 0;
    const first = Math.ceil(position - this.#reach);
    for (let i = Math.max(0, first); i <= position + this.#reach; i += 1) {
      const distance = i - position;
      const x = Math.PI * this.#cutoff * distance;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      sum += input[i] * sinc * this.#kaiser(distance / this.#reach);
    }
    return this.#cutoff * sum;
  }

  // From a table.
  #kaiser(x) {
    const { table } = Resampler;
    const at = Math.min(1, Math.abs(x)) * (table.length - 2);
    const index = Math.floor(at);
    return table[index] + (at - index) * (table[index + 1] - table[index]);
  }

  static table = Float64Array.from({ length: 4098 }, (_, i) => {
    const x = Math.min(1, i / 4096);
    return bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
  });
}
