// Fourier transform.

// A function that transforms `re` and `im` of a size that is a power of two, in place.
export function fourier(size) {
  const [cosines, sines] = [new Float64Array(size / 2), new Float64Array(size / 2)];
  for (let k = 0; k < size / 2; k += 1) {
    cosines[k] = Math.cos((2 * Math.PI * k) / size);
    sines[k] = Math.sin((2 * Math.PI * k) / size);
  }
  return (re, im) => {
    for (let i = 1, j = 0; i < size; i += 1) {
      let bit = size >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
    for (let span = 2; span <= size; span *= 2) {
      const [half, step] = [span / 2, size / span];
      for (let start = 0; start < size; start += span) {
        for (let k = 0; k < half; k += 1) {
          const [c, s] = [cosines[k * step], sines[k * step]];
          const [a, b] = [start + k, start + k + half];
          const [x, y] = [re[b] * c + im[b] * s, im[b] * c - re[b] * s];
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  };
}
