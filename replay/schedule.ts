import { CrossfadeError } from '../src/kit/errors.ts';

/** When the requests of a recording are sent: as they came, faster or slower, or evenly. */
export type Pace =
  | { readonly kind: 'speed'; readonly factor: number }
  | { readonly kind: 'rate'; readonly perSec: number };

/** Says when to send a request, microseconds from the beginning of the replay. */
export type Schedule = (index: number, atUs: number) => number;

/**
 * At `speed` the gaps between arrivals are kept, divided by the factor; at a `rate` request n is
 * due n/rate seconds after the first. `firstAtUs` is the arrival of request 0.
 */
export function createSchedule(pace: Pace, firstAtUs: number): Schedule {
  switch (pace.kind) {
    case 'speed':
      return (_, atUs) => Math.round((atUs - firstAtUs) / pace.factor);
    case 'rate':
      return (index) => Math.round((index * 1_000_000) / pace.perSec);
  }
}

const SPEED_MAX = 1000;
const RATE_MAX_PER_SEC = 100_000;

/** `2x` or `0.5x`; anything else is a usage error. */
export function parseSpeed(text: string): Pace {
  const factor = Number(/^(\d+(?:\.\d+)?)x$/.exec(text)?.[1] ?? Number.NaN);
  if (factor > 0 && factor <= SPEED_MAX) return { kind: 'speed', factor };
  throw new CrossfadeError('bad-speed', `expected a speed such as 2x or 0.5x, found "${text}"`, {
    hint: `above 0x and at most ${SPEED_MAX}x`,
  });
}

/** `500/s`; anything else is a usage error. */
export function parseRate(text: string): Pace {
  const perSec = Number(/^(\d+(?:\.\d+)?)\/s$/.exec(text)?.[1] ?? Number.NaN);
  if (perSec > 0 && perSec <= RATE_MAX_PER_SEC) return { kind: 'rate', perSec };
  throw new CrossfadeError('bad-rate', `expected a rate such as 500/s, found "${text}"`, {
    hint: `above 0/s and at most ${RATE_MAX_PER_SEC}/s`,
  });
}

/** The pace in words: `original speed`, `2x`, `500/s`. */
export function formatPace(pace: Pace): string {
  if (pace.kind === 'rate') return `${pace.perSec}/s`;
  return pace.factor === 1 ? 'original speed' : `${pace.factor}x`;
}
