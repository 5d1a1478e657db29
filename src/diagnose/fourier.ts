/**
 * The discrete Fourier transform in place; the length must be a power of two.
 * Source: Cooley and Tukey 1965, radix 2.
 */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [real[i], real[j]] = [real[j]!, real[i]!];
    [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
  }
  const { cosines, sines } = turns(size);
  for (let length = 2; length <= size; length *= 2) {
    const half = length / 2;
    const step = size / length;
    for (let from = 0; from < size; from += length) {
      for (let k = 0; k < half; k += 1) {
        const cos = cosines[k * step]!;
        const sin = sines[k * step]!;
        const i = from + k;
        const j = i + half;
        const turnedReal = real[j]! * cos - imaginary[j]! * sin;
        const turnedImaginary = real[j]! * sin + imaginary[j]! * cos;
        real[j] = real[i]! - turnedReal;
        imaginary[j] = imaginary[i]! - turnedImaginary;
        real[i] = real[i]! + turnedReal;
        imaginary[i] = imaginary[i]! + turnedImaginary;
      }
    }
  }
}

interface Turns {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

let newest: Turns & { readonly size: number } = {
  size: 0,
  cosines: new Float64Array(0),
  sines: new Float64Array(0),
};

/** Kept for the next transform of the same length: hundreds follow each other. */
function turns(size: number): Turns {
  if (newest.size === size) return newest;
  const angle = (k: number): number => (-2 * Math.PI * k) / size;
  const cosines = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos(angle(k)));
  const sines = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin(angle(k)));
  newest = { size, cosines, sines };
  return newest;
}
