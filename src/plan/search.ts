/**
 * The smallest whole number from `from` to `most` of which `holds` is true, given that it stays
 * true from there on; null where it is true of none of them.
 */
export function smallest(from: number, most: number, holds: (n: number) => boolean): number | null {
  let below = from - 1;
  let reach = from;
  while (!holds(reach)) {
    if (reach >= most) return null;
    below = reach;
    reach = Math.min(most, reach * 2 + 1);
  }
  while (reach - below > 1) {
    const middle = Math.floor((below + reach) / 2);
    if (holds(middle)) reach = middle;
    else below = middle;
  }
  return reach;
}
