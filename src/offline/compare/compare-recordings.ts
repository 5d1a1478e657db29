/**
 * Holds the answers of one recording against those of another: the first stands for legacy, the
 * second for the candidate. In: two recordings of one workload. Out: a report, as of a replay.
 */
import type { ReplaySource } from '../../../replay/merged.ts';
import { ReplayedPairs } from '../../../replay/pairs.ts';
import type { LookedAt } from '../../../replay/recorded-findings.ts';
import { OTHER_ROUTE } from '../../compare/cluster.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Exchange, Side } from '../../model/exchange.ts';
import type { RecordedExchange, RecordedPair } from '../../recording/format.ts';
import type { Redactor } from '../../recording/redact.ts';
import type { Report } from '../../report/report.ts';
import { createIdentifier, type Identifier } from '../../proxy/identify/identify.ts';
import { findPartners, type OneAnswer, type Recorded } from './partners.ts';
import { recordingsReport } from './recordings-report.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Which answer of a record is looked at: a side's, or the one that the client got. */
export const ANSWER_SIDES = ['live', 'legacy', 'candidate'] as const;
export type AnswerSide = (typeof ANSWER_SIDES)[number];

/** Of the two recordings, the first one first. */
export type Both<T> = Readonly<Record<Recorded, T>>;

export interface CompareRecordingsOptions {
  readonly names: Both<string>;
  readonly sides: Both<AnswerSide>;
  /** Routes, rules and keys of the requests. */
  readonly looked: LookedAt;
  readonly redactor: Redactor;
  /** Both are one file, in which the same credentials have the same tokens. */
  readonly areTokensAlike: boolean;
  /**
   * Requests that only one of them has, or has an answer to, and pairs that cannot be compared do
   * not stand against a pass.
   */
  readonly isPartial: boolean;
  readonly onProgress?: (pairs: number) => void;
}

/** A request of one recording that was compared with nothing. */
export interface LeftOut {
  readonly of: Recorded;
  readonly route: string;
  readonly request: string;
  /** Microseconds from the recording's start. */
  readonly atUs: number;
  readonly why: 'no partner' | 'given up' | 'no answer';
}

/** Those of one route and reason; `first` is the first that was found. */
export interface LeftOutGroup {
  readonly first: LeftOut;
  readonly requests: number;
}

/** How many, of which routes, and the first of all. */
export interface LeftOutCounts {
  readonly listed: readonly LeftOut[];
  readonly groups: readonly LeftOutGroup[];
  readonly counts: Both<Readonly<Record<LeftOut['why'], number>>>;
}

/** Reads both to their ends. */
export async function compareRecordings(
  sources: Both<ReplaySource>,
  options: CompareRecordingsOptions,
): Promise<Report> {
  return new RecordingsComparison(sources, options).run();
}

/** Keys are a part of a request's name only where both recordings found them alike. */
function areKeysAlike({ a, b }: Both<ReplaySource>): boolean {
  const [first, second] = [a.description.key, b.description.key];
  return first !== null && JSON.stringify(first) === JSON.stringify(second);
}

const PROGRESS_EVERY = 1000;

class RecordingsComparison {
  readonly #sources: Both<ReplaySource>;
  readonly #options: CompareRecordingsOptions;
  readonly #pairs: ReplayedPairs;
  readonly #identifier: Identifier;
  readonly #listed: LeftOut[] = [];
  readonly #groups = new Map<string, LeftOutGroup>();
  readonly #counts = {
    a: { 'no partner': 0, 'given up': 0, 'no answer': 0 },
    b: { 'no partner': 0, 'given up': 0, 'no answer': 0 },
  };
  #partners = 0;

  constructor(sources: Both<ReplaySource>, options: CompareRecordingsOptions) {
    this.#sources = sources;
    this.#options = options;
    this.#pairs = new ReplayedPairs(options.redactor);
    this.#identifier = createIdentifier(options.looked.routes, options.looked.key);
  }

  async run(): Promise<Report> {
    const { a, b } = this.#sources;
    const areKeyed = areKeysAlike(this.#sources);
    try {
      const found = findPartners(a.arrivals(), b.arrivals(), {
        areKeysAlike: areKeyed,
        waitingMaxBytes: LIMITS.unpairedMaxBytes,
        answerOf: (record, of) => this.#answerOf(record, of),
      });
      for await (const each of found) {
        if (each.kind === 'partners') this.#settle(each.a, each.b);
        else this.#leaveOut(each.of, each.answer, each.isGivenUp ? 'given up' : 'no partner');
      }
    } finally {
      this.#pairs.close();
    }
    return recordingsReport({
      ...this.#options,
      sources: this.#sources,
      pairs: this.#pairs,
      areKeysAlike: areKeyed,
      partners: this.#partners,
      leftOut: {
        listed: this.#listed,
        groups: [...this.#groups.values()],
        counts: this.#counts,
      },
    });
  }

  #answerOf(record: RecordedPair, of: Recorded): RecordedExchange | null {
    const side = this.#options.sides[of];
    return record[side === 'live' ? record.liveSide : side];
  }

  #settle(a: OneAnswer, b: OneAnswer): void {
    this.#partners += 1;
    if (a.exchange === null || b.exchange === null) {
      if (a.exchange === null) this.#leaveOut('a', a, 'no answer');
      if (b.exchange === null) this.#leaveOut('b', b, 'no answer');
      return;
    }
    const { looked, areTokensAlike, onProgress } = this.#options;
    const { request, keys: recorded, atUs } = a.record;
    const { method, target, headers, body } = request;
    const identity = this.#identifier.identify(method, target, headers, body);
    const keys = identity.keys.length > 0 ? identity.keys : [...new Set(recorded)];
    this.#pairs.begin();
    this.#pairs.settle({
      pair: {
        route: identity.route.name,
        key: keys[0] ?? null,
        liveSide: 'legacy',
        arrivedAtMs: this.#sources.a.description.startedAtMs + atUs / 1000,
        request,
        legacy: asSide('legacy', a.exchange, areTokensAlike),
        candidate: asSide('candidate', b.exchange, areTokensAlike),
      },
      keys,
      isSafe: identity.isSafe,
      rules: identity.route.settings?.compare ?? looked.compare,
    });
    if (this.#partners % PROGRESS_EVERY === 0) onProgress?.(this.#partners);
  }

  #leaveOut(of: Recorded, { record }: OneAnswer, why: LeftOut['why']): void {
    this.#counts[of][why] += 1;
    const { method, target, headers, body } = record.request;
    const route = this.#identifier.identify(method, target, headers, body).route.name;
    const request = `${method} ${target}`;
    const leftOut: LeftOut = { of, route, request, atUs: record.atUs, why };
    if (this.#listed.length < LIMITS.unpairedListedMax) this.#listed.push(leftOut);
    const isKnown = this.#groups.has(`${of} ${why} ${route}`);
    const hasRoom = isKnown || this.#groups.size < LIMITS.routesMax;
    const name = hasRoom ? `${of} ${why} ${route}` : `${of} ${why} ${OTHER_ROUTE}`;
    const group = this.#groups.get(name) ?? {
      first: hasRoom ? leftOut : { ...leftOut, route: OTHER_ROUTE },
      requests: 0,
    };
    this.#groups.set(name, { ...group, requests: group.requests + 1 });
  }
}

function asSide(side: Side, exchange: RecordedExchange, areTokensAlike: boolean): Exchange {
  const role = side === 'legacy' ? 'live' : 'shadow';
  const { answer: recorded } = exchange;
  const answer = recorded === null || areTokensAlike ? recorded : withoutSecrets(recorded);
  return { ...exchange, answer, side, role };
}
