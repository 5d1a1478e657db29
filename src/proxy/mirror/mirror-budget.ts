/**
 * How much is mirrored: which share of the keys, which routes, how many a second. In: a request
 * that could be mirrored. Out: why it is not, or null. Looks at no connection and no queue; the
 * order of the reasons is the order of the checks.
 */
import { BUCKETS, bucketOf } from '../../kit/hash.ts';
import { isBaselineSecond } from '../../measure/baseline-seconds.ts';
import type { Assignment } from '../../model/assignment.ts';
import type { SkipReason } from '../../model/pair.ts';
import type { Identity } from '../identify/identify.ts';

export interface BudgetOptions {
  /** Names of the routes whose reads are mirrored; null for all. */
  readonly routes: readonly string[] | null;
  readonly nowUs: () => number;
  readonly wallMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Decides for each request whether the budget has room for its copy. Declared writes always
 * have it, but for a pause: a missed write costs its key all judgement. A share is drawn by key
 * (by request, where there is none), so that raising it only adds keys, and no route is
 * favoured. A rate is kept by leaving requests out at random, for those that come just after
 * one another are not alike; the bucket behind it is the hard limit.
 */
export class MirrorBudget {
  readonly #options: BudgetOptions;
  readonly #routes: ReadonlySet<string> | null;
  readonly #bucket = new TokenBucket();
  #second = -1;
  #baselinePercent = 0;
  #isBaseline = false;
  #salt = '';
  #mirrorSalt = '';

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#routes = options.routes === null ? null : new Set(options.routes);
  }

  /** Why the request gets no copy; null when it may. Takes from the rate when it may. */
  skip(identity: Identity, assignment: Assignment): SkipReason | null {
    if (assignment.mirrorPause !== '') return 'paused';
    if (identity.isMirroredWrite) return null;
    if (this.#routes !== null && !this.#routes.has(identity.route.name)) return 'route';
    if (!this.#isSampled(identity, assignment)) return 'sampled';
    if (assignment.mirrorBaselinePercent > 0 && this.#isBaselineNow(assignment)) return 'baseline';
    const rate = assignment.mirrorRatePerSec;
    if (rate === null) return null;
    return this.#bucket.take(rate, this.#options.nowUs(), this.#options.random()) ? null : 'rate';
  }

  #isSampled({ keys }: Identity, { mirrorPercent, salt }: Assignment): boolean {
    if (mirrorPercent >= 100) return true;
    const key = keys[0];
    if (key === undefined) return this.#options.random() * 100 < mirrorPercent;
    if (salt !== this.#salt) {
      this.#salt = salt;
      this.#mirrorSalt = `${salt}/mirror`;
    }
    return bucketOf(this.#mirrorSalt, key) < (mirrorPercent * BUCKETS) / 100;
  }

  #isBaselineNow({ salt, mirrorBaselinePercent }: Assignment): boolean {
    const second = Math.floor(this.#options.wallMs() / 1000);
    if (second !== this.#second || mirrorBaselinePercent !== this.#baselinePercent) {
      this.#second = second;
      this.#baselinePercent = mirrorBaselinePercent;
      this.#isBaseline = isBaselineSecond(salt, second, mirrorBaselinePercent);
    }
    return this.#isBaseline;
  }
}

const SECOND_US = 1_000_000;
/** Seconds of the rate that may be taken at once. */
const BURST_SEC = 0.1;

/** A rate's tokens, and how many want them, so that they can be handed out at random. */
class TokenBucket {
  #tokens = 1;
  #filledUs = 0;
  #countedFromUs = 0;
  #wanted = 0;
  /** Takers a second in the last whole second; 0 until there was one. */
  #demandPerSec = 0;

  /** Whether one more fits `ratePerSec`; `draw` in [0, 1) decides among those that come. */
  take(ratePerSec: number, nowUs: number, draw: number): boolean {
    this.#count(nowUs);
    this.#fill(ratePerSec, nowUs);
    if (draw * this.#demandPerSec >= ratePerSec || this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #count(nowUs: number): void {
    const lapsedUs = nowUs - this.#countedFromUs;
    if (lapsedUs >= SECOND_US) {
      this.#demandPerSec = lapsedUs >= 2 * SECOND_US ? 0 : (this.#wanted * SECOND_US) / lapsedUs;
      this.#wanted = 0;
      this.#countedFromUs = nowUs;
    }
    this.#wanted += 1;
  }

  #fill(ratePerSec: number, nowUs: number): void {
    const full = Math.max(1, ratePerSec * BURST_SEC);
    const fresh = ((nowUs - this.#filledUs) * ratePerSec) / SECOND_US;
    this.#tokens = Math.min(full, this.#tokens + Math.max(0, fresh));
    this.#filledUs = nowUs;
  }
}
