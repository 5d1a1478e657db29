/** The earliest pin timestamp accepted: 2015-01-01T00:00:00.000Z. */
export const PIN_MIN_MS = 1_420_070_400_000;

/** The latest, 2154-05-15T07:35:11.103Z: 42 bits of milliseconds after the earliest. */
export const PIN_MAX_MS: number = PIN_MIN_MS + 2 ** 42 - 1;

const SHAPE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$/;

/**
 * Milliseconds since 1970 of `YYYY-MM-DDTHH:MM:SS.mmmZ`, exactly three fraction digits and `Z`;
 * -1 when `text` is anything else, names no real moment, or lies outside
 * {@link PIN_MIN_MS} to {@link PIN_MAX_MS}.
 */
export function parseTimestampMs(text: string): number {
  if (!SHAPE.test(text)) return -1;
  const ms = Date.parse(text);
  // Written back it must be the same text: the parser lets 30 February and 24:00 roll over.
  if (!(ms >= PIN_MIN_MS && ms <= PIN_MAX_MS)) return -1;
  return new Date(ms).toISOString() === text ? ms : -1;
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ` of milliseconds since 1970. */
export function formatTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
