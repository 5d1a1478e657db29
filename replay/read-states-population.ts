/** Who uses the made-up Read States service: users, their channels, and ids for all of it. */
import { createZipf, logNormal, type Random } from '../src/kit/random.ts';

/** Snowflakes count milliseconds from here. */
const EPOCH_MS = Date.UTC(2015, 0, 1);
const SEQUENCE_BITS = 22;
const SEQUENCE_MASK = 2 ** SEQUENCE_BITS - 1;
const CHANNELS_BEGIN_MS = Date.UTC(2016, 0, 1);
const USERS_BEGIN_MS = Date.UTC(2015, 5, 1);

/** Channels that take part in the popularity model's one known figure, and their share. */
const TOP_CHANNELS = 100;
const TOP_SHARE = 0.08;

const CHANNELS_MEDIAN = 50;
/** One user in a thousand has a thousand times the median: ln(1000) over the 99.9 % deviate. */
const CHANNELS_SIGMA = Math.log(1000) / 3.0902;

/** An id of up to 19 digits: a moment, and a number that tells ids of one moment apart. */
export function snowflake(atMs: number, sequence: number): string {
  const id = (BigInt(Math.floor(atMs) - EPOCH_MS) << 22n) | BigInt(sequence & SEQUENCE_MASK);
  return id.toString();
}

/**
 * The Zipf exponent with which the hundred most popular of `n` channels get 8 % of the reads;
 * 0 when an even spread gives them more. Sums beyond a thousand terms by Euler and Maclaurin.
 */
export function zipfExponent(n: number): number {
  let low = 0;
  let high = 2;
  for (let round = 0; round < 50; round += 1) {
    const middle = (low + high) / 2;
    const share = harmonic(Math.min(TOP_CHANNELS, n), middle) / harmonic(n, middle);
    if (share < TOP_SHARE) low = middle;
    else high = middle;
  }
  return low < 1e-9 ? 0 : low;
}

function harmonic(n: number, exponent: number): number {
  const head = Math.min(n, 1000);
  let sum = 0;
  for (let k = 1; k <= head; k += 1) sum += k ** -exponent;
  if (n === head) return sum;
  const power = 1 - exponent;
  const tail = power === 0 ? Math.log(n / head) : (n ** power - head ** power) / power;
  return sum + tail + (n ** -exponent - head ** -exponent) / 2;
}

/** How many there are. */
export interface PopulationOptions {
  readonly users: number;
  readonly channels: number;
  /** Channels of the first user; the others' are log-normal with median 50. */
  readonly celebrityChannels: number;
}

/** Users and channels by rank; 0 is the most active user and the most popular channel. */
export interface Population {
  /** Draws a user: some are far more active than others. */
  drawUser(): number;
  /** Draws a channel by popularity. */
  drawChannel(): number;
  userId(user: number): string;
  channelId(channel: number): string;
  /** The user's channels, those looked at most first; the same list each time. */
  channelsOf(user: number): Int32Array;
}

const USER_EXPONENT = 0.5;

/** Users and their channels, the same for the same random source; ids are made when first drawn. */
/** Draws from `random` as users are first seen: the same sequence gives the same people. */
export function createPopulation(random: Random, options: PopulationOptions): Population {
  const { users, channels, celebrityChannels } = options;
  const drawUser = createZipf(random, users, USER_EXPONENT);
  const drawChannel = createZipf(random, channels, zipfExponent(channels));
  const userIds: (string | undefined)[] = Array.from({ length: users });
  const channelIds: (string | undefined)[] = Array.from({ length: channels });
  const lists = new Map<number, Int32Array>();

  const makeList = (user: number): Int32Array => {
    const drawn = Math.round(logNormal(random, CHANNELS_MEDIAN, CHANNELS_SIGMA));
    const wanted = user === 0 ? celebrityChannels : drawn;
    const size = Math.max(1, Math.min(wanted, channels));
    const chosen = new Set<number>();
    // Popular channels first; where nearly all are wanted, the rest by rank.
    for (let tries = 0; chosen.size < size && tries < size * 4; tries += 1) {
      chosen.add(drawChannel());
    }
    for (let channel = 0; chosen.size < size; channel += 1) chosen.add(channel);
    return Int32Array.from(chosen);
  };

  return {
    drawUser,
    drawChannel,
    // Ids in an order of their own, so that neither rank nor arrival can be read from them.
    userId: (user) => (userIds[user] ??= snowflake(USERS_BEGIN_MS + scattered(user) * 70, user)),
    channelId: (channel) =>
      (channelIds[channel] ??= snowflake(CHANNELS_BEGIN_MS + scattered(channel) * 73, channel)),
    channelsOf(user) {
      let list = lists.get(user);
      if (list === undefined) {
        list = makeList(user);
        lists.set(user, list);
      }
      return list;
    },
  };
}

/** A number below 2^32 for each rank, no two alike. */
function scattered(rank: number): number {
  return Math.imul(rank + 1, 0x9e3779b1) >>> 0;
}
