/** A service whose every answer has a random id, a moment and a shuffled array of objects. */
import { createNoise, type Noise, type NoiseOptions } from '../../src/compare/noise/noise.ts';
import { createRandom, type Random } from '../../src/kit/random.ts';
import type { Answer } from '../../src/model/exchange.ts';
import type { Comparison, Pair } from '../../src/model/pair.ts';
import { answer, pair } from './answers.ts';

export const ROUTE = 'GET /v1/shops/:shop/offers';

/** What may be wrong with an answer, each as a chance from 0 to 1. */
export interface Flaws {
  /** The field `stock` differs from what it should be: noise, where legacy has it as well. */
  readonly stock: number;
  /** The price of one element of the array is wrong. */
  readonly price: number;
  /** The elements come in the order of the catalogue instead of any. */
  readonly sorted: number;
}

/** What legacy is like, and so its twin: their `stock` differs in 5 % of the pairs. */
export const LEGACY: Flaws = { stock: 0.0257, price: 0, sorted: 0 };

/** A candidate whose `stock` differs from legacy's in 10 % of the pairs. */
export const TWICE_AS_NOISY: Flaws = { ...LEGACY, stock: 0.0766 };

/** The answer to the request of this number: the same for the same number but for the noise. */
export function offersOf(request: number, random: Random, flaws: Flaws): Answer {
  const first = (request * 7) % 90;
  const count = 4 + (request % 5);
  const items = Array.from({ length: count }, (_, i) => itemOf(first + i, random));
  if (random.next() < flaws.price) items[random.int(0, count - 1)]!.price += 1;
  if (random.next() >= flaws.sorted) shuffle(items, random);
  const atMs = Date.UTC(2026, 10, 21, 12) + request * 20 + random.int(0, 9);
  const body = {
    request_id: hex(random),
    shop: `shop ${request % 17}`,
    served_at: new Date(atMs).toISOString(),
    stock: random.next() < flaws.stock ? 100 + random.int(0, 9) : 40,
    items,
  };
  return answer(JSON.stringify(body));
}

interface Item {
  readonly sku: string;
  readonly title: string;
  price: number;
  readonly token: string;
  readonly tags: readonly string[];
}

/** Titles are not unique, prices are; the token is another one each time. */
function itemOf(at: number, random: Random): Item {
  return {
    sku: `sku-${1000 + at}`,
    title: `offer ${at % 3}`,
    price: 500 + at * 13,
    token: hex(random),
    tags: ['new', `group ${at % 4}`],
  };
}

function hex(random: Random): string {
  const part = (): string => random.int(0x1000_0000, 0x7fff_ffff).toString(16);
  return `${part()}${part()}`;
}

function shuffle(items: unknown[], random: Random): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.int(0, i);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

/** A pair of that service's route. */
export function offersPair(legacy: Answer, candidate: Answer): Pair {
  const request = { method: 'GET', target: '/v1/shops/1/offers', headers: [], body: null };
  return pair(legacy, candidate, { route: ROUTE, request });
}

/** Requests to that service, each asked of legacy, for a share of its twin, and the candidate. */
export class NoisyTraffic {
  readonly noise: Noise;
  readonly #legacy: Flaws;
  readonly #random: Random;
  #request = 0;

  constructor(seed: number, legacy: Flaws = LEGACY, options: NoiseOptions = {}) {
    this.#random = createRandom(seed);
    this.#legacy = legacy;
    this.noise = createNoise(options);
  }

  /** The verdict on the next request. `twinRatio`: share of the requests asked twice. */
  next(candidate: Flaws, twinRatio = 1): Comparison {
    const random = this.#random;
    const request = this.#request;
    this.#request += 1;
    const legacy = offersOf(request, random, this.#legacy);
    const judged = offersPair(legacy, offersOf(request, random, candidate));
    const twin = random.next() < twinRatio ? offersOf(request, random, this.#legacy) : null;
    const learn = (): void => {
      if (twin !== null) this.noise.learn(offersPair(legacy, twin), []);
    };
    const isTwinFirst = random.next() < 0.5;
    if (isTwinFirst) learn();
    const comparison = this.noise.judge(judged, [], true);
    if (!isTwinFirst) learn();
    return comparison;
  }

  /** The verdicts on so many requests, counted by kind; the mismatches themselves. */
  run(pairs: number, candidate: Flaws, twinRatio = 1): Outcome {
    const counts = { matched: 0, mismatched: 0, ignored: 0, 'not-comparable': 0 };
    const mismatches: Extract<Comparison, { kind: 'mismatched' }>[] = [];
    let firstAt: number | null = null;
    for (let i = 0; i < pairs; i += 1) {
      const comparison = this.next(candidate, twinRatio);
      counts[comparison.kind] += 1;
      if (comparison.kind !== 'mismatched') continue;
      firstAt ??= i + 1;
      mismatches.push(comparison);
    }
    return { counts, mismatches, firstAt };
  }

  /** Runs until the route is learned; answers how many pairs that took. */
  learn(candidate: Flaws, pairsMax = 20_000): { readonly pairs: number; readonly held: number } {
    let pairs = 0;
    while (pairs < pairsMax && this.noise.view().routes[0]?.isLearning !== false) {
      this.next(candidate);
      pairs += 1;
    }
    return { pairs, held: this.noise.view().routes[0]?.heldBack ?? 0 };
  }
}

export interface Outcome {
  readonly counts: Readonly<Record<Comparison['kind'], number>>;
  readonly mismatches: readonly Extract<Comparison, { kind: 'mismatched' }>[];
  /** Which pair was the first mismatch, from 1. */
  readonly firstAt: number | null;
}
