/** Pairs of answers of about 1 KB, made up: the same for the same seed. */
import { createRandom, type Random } from '../src/kit/random.ts';
import type { RawHeaders } from '../src/model/exchange.ts';
import type { Pair } from '../src/model/pair.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What bodies come to on average. */
const BODY_BYTES = 1024;

function id(random: Random): string {
  return `${random.int(100_000_000, 999_999_999)}${random.int(100_000_000, 999_999_999)}`;
}

function word(random: Random): string {
  const length = random.int(3, 10);
  return Array.from({ length }, () => String.fromCharCode(97 + random.int(0, 25))).join('');
}

function moment(random: Random): string {
  return new Date(1_700_000_000_000 + random.int(0, 1_000_000_000)).toISOString();
}

function entry(random: Random): Json {
  return {
    id: id(random),
    type: random.int(0, 2),
    mention_count: random.int(0, 9),
    last_message_id: id(random),
    last_pin_timestamp: moment(random),
    flags: random.int(0, 3),
  };
}

function readStates(random: Random): Json {
  const entries = Array.from({ length: random.int(6, 7) }, () => entry(random));
  return { version: random.int(1, 9999), partial: false, entries };
}

interface ProfileSizes {
  readonly tags: number;
  readonly settings: number;
  readonly bioWords: number;
}

/** All profiles have the same, as all answers of one service. */
const SETTINGS: readonly string[] = Array.from({ length: 32 }, (_, i) => {
  return `${word(createRandom(i))}_${i}`;
});

function profile(random: Random, { tags, settings, bioWords }: ProfileSizes): Json {
  const words = (count: number): string[] => Array.from({ length: count }, () => word(random));
  const switches: Record<string, Json> = {};
  for (const name of SETTINGS.slice(0, settings)) switches[name] = random.int(0, 1) === 1;
  return {
    id: id(random),
    name: `${word(random)} ${word(random)}`,
    created_at: moment(random),
    email: `${word(random)}@example.com`,
    bio: words(bioWords).join(' '),
    score: random.int(0, 1_000_000) / 1000,
    address: { street: word(random), city: word(random), zip: String(random.int(10_000, 99_999)) },
    tags: words(tags),
    settings: switches,
  };
}

/** Documents of 1 KB, made of different things: what costs time in one costs none in another. */
export const DOCUMENTS: Readonly<Record<string, (random: Random) => Json>> = {
  'read states of 41 values': readStates,
  'profiles of 53 values': (random) => profile(random, { tags: 14, settings: 30, bioWords: 20 }),
  'profiles of 37 values, one a text of 400 bytes': (random) =>
    profile(random, { tags: 12, settings: 16, bioWords: 55 }),
};

/** One to three places of a copy, changed: a value, a member left out or one more. */
function mutated(document: Json, random: Random): Json {
  const copy = structuredClone(document);
  const edits = random.int(1, 3);
  for (let i = 0; i < edits; i += 1) edit(copy, random);
  return copy;
}

function edit(document: Json, random: Random): void {
  let at = document;
  for (;;) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = keys[random.int(0, keys.length - 1)]!;
    const parent = at as Record<string, Json>;
    const value = parent[key]!;
    if (typeof value === 'object' && value !== null) {
      at = value;
      continue;
    }
    const what = random.int(0, 9);
    if (what === 0 && !Array.isArray(at)) delete parent[key];
    else if (what === 1 && !Array.isArray(at)) parent[`${key}_too`] = value;
    else parent[key] = typeof value === 'number' ? value + 1 : `${String(value)}x`;
    return;
  }
}

/** Fields as a server sends them; a string of its own for each, as they come from a socket. */
function headers(random: Random, length: number): RawHeaders {
  const fields = [
    ['Content-Type', 'application/json; charset=utf-8'],
    ['Content-Length', String(length)],
    ['Date', new Date(1_700_000_000_000 + random.int(0, 100) * 1000).toUTCString()],
    ['Cache-Control', 'private, max-age=0, must-revalidate'],
    ['Vary', 'Accept-Encoding, Authorization'],
    ['X-Request-Id', id(random)],
    ['X-Content-Type-Options', 'nosniff'],
    ['Connection', 'keep-alive'],
  ];
  return fields.flat().map((text) => Buffer.from(text, 'latin1').toString('latin1'));
}

/** Cuts buffers off one large one, so that they lie apart from each other. */
export class BodyPool {
  readonly #bytes: Buffer;
  #used = 0;

  constructor(bytes: number) {
    this.#bytes = Buffer.alloc(bytes);
  }

  hasRoomFor(bytes: number): boolean {
    return this.#used + bytes <= this.#bytes.length;
  }

  put(text: string): Buffer {
    const length = this.#bytes.write(text, this.#used, 'utf8');
    const body = this.#bytes.subarray(this.#used, this.#used + length);
    this.#used += length;
    return body;
  }
}

/** Heads of answers that have just been read: few, as those are in the cache. */
const HEADS = 64;

function pairOf(
  legacy: Buffer,
  candidate: Buffer,
  [ofLegacy, ofCandidate]: readonly [RawHeaders, RawHeaders],
): Pair {
  const answer = (body: Buffer, fields: RawHeaders): NonNullable<Pair['legacy']['answer']> => ({
    status: 200,
    statusMessage: 'OK',
    headers: fields,
    trailers: [],
    body,
    bodyBytes: body.length,
    bodyHash: null,
  });
  const times = { outcome: 'answered', latencyUs: 1000, serviceUs: 900 } as const;
  return {
    route: 'GET /v1/users/:user/read-states',
    key: '1',
    liveSide: 'legacy',
    arrivedAtMs: 1_700_000_000_000,
    request: { method: 'GET', target: '/v1/users/1/read-states', headers: [], body: null },
    legacy: { side: 'legacy', role: 'live', answer: answer(legacy, ofLegacy), ...times },
    candidate: {
      side: 'candidate',
      role: 'shadow',
      answer: answer(candidate, ofCandidate),
      ...times,
    },
  };
}

function headsOf(random: Random): (readonly [RawHeaders, RawHeaders])[] {
  return Array.from({ length: HEADS }, () => {
    return [headers(random, BODY_BYTES), headers(random, BODY_BYTES)] as const;
  });
}

/** Equal pairs that fill a pool of so many bytes, in the order in which they came. */
export function equalPairs(poolBytes: number, seed: number): Pair[] {
  const random = createRandom(seed);
  const pool = new BodyPool(poolBytes);
  const heads = headsOf(random);
  const texts = Array.from({ length: 256 }, () => JSON.stringify(readStates(random)));
  const pairs: Pair[] = [];
  for (let i = 0; pool.hasRoomFor(4 * BODY_BYTES); i += 1) {
    const text = texts[i % texts.length]!;
    pairs.push(pairOf(pool.put(text), pool.put(text), heads[i % HEADS]!));
  }
  return pairs;
}

/** Pairs of such documents that differ in one to three places. */
export function unequalPairs(
  count: number,
  seed: number,
  documentOf: (random: Random) => Json,
): Pair[] {
  const random = createRandom(seed);
  const pool = new BodyPool(count * 4 * BODY_BYTES);
  const heads = headsOf(random);
  return Array.from({ length: count }, (_, i) => {
    const document = documentOf(random);
    const changed = mutated(document, random);
    const [a, b] = [pool.put(JSON.stringify(document)), pool.put(JSON.stringify(changed))];
    return pairOf(a, b, heads[i % HEADS]!);
  });
}
