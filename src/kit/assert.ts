/** Throws when `condition` is false: a bug of ours, never an operator's or a side's mistake. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}
