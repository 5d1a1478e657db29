/**
 * The value of a rank, 1 for the smallest; the values change places. Ranks beyond them: NaN.
 * Source: Hoare 1961, quickselect, about the middle one of three.
 */
export function nthSmallest(values: Float64Array, rank: number): number {
  const wanted = rank - 1;
  if (wanted < 0 || wanted >= values.length) return Number.NaN;
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = middleOf(values[low]!, values[(low + high) >> 1]!, values[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i += 1;
      while (values[j]! > pivot) j -= 1;
      if (i > j) break;
      const value = values[i]!;
      values[i] = values[j]!;
      values[j] = value;
      i += 1;
      j -= 1;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else return values[wanted]!;
  }
  return values[wanted]!;
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
