import { LIMITS } from '../../kit/limits.ts';

const SECOND_US = 1_000_000;
/** Seconds of the rate that may be taken at once. */
const BURST_SEC = 0.5;

/**
 * Which disputes there is room for: so many waiting, so many bytes, so many a second. From half
 * of any of these on only those that a write overlapped are taken, for only they hang on it;
 * and from half of the waiting room on by chance, so that no key is favoured.
 */
export class Admission {
  readonly #random: () => number;
  #tokens = LIMITS.refereeRatePerSec * BURST_SEC;
  #filledUs = 0;
  #bytes = 0;
  count = 0;

  /** `random`: uniform in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** True: it is taken, and held until {@link release}. */
  take(bytes: number, isOverlapped: boolean, nowUs: number): boolean {
    this.#fill(nowUs);
    const fullness = Math.max(
      this.count / LIMITS.refereeWaitingMax,
      (this.#bytes + bytes) / LIMITS.refereeBytesMax,
    );
    const half = (LIMITS.refereeRatePerSec * BURST_SEC) / 2;
    const hasRoom = isOverlapped
      ? fullness < 1 && this.#tokens >= 1 && this.#random() >= 2 * fullness - 1
      : fullness < 0.5 && this.#tokens > half;
    if (!hasRoom) return false;
    this.#tokens -= 1;
    this.#bytes += bytes;
    this.count += 1;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    this.count -= 1;
  }

  #fill(nowUs: number): void {
    const { refereeRatePerSec } = LIMITS;
    const fresh = ((nowUs - this.#filledUs) * refereeRatePerSec) / SECOND_US;
    const full = refereeRatePerSec * BURST_SEC;
    this.#tokens = Math.min(full, this.#tokens + Math.max(0, fresh));
    this.#filledUs = nowUs;
  }
}
