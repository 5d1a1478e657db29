import { otherSide, type Side } from '../../model/exchange.ts';
import type { MissedWrite, ReplayEnd } from '../../model/missed-write.ts';
import type { Leg, LegListener, LegOptions, Upstream } from '../../wire/leg.ts';
import type { KeyOrder, OrderedTask } from '../mirror/key-order.ts';

export interface ReplayerParts {
  /** The shadow pools: a replay is shadow work. */
  readonly sides: Readonly<Record<Side, Upstream>>;
  readonly order: KeyOrder;
  readonly shadowTimeoutMs: number;
  /** Nothing may be sent to a shadow now: mirroring is paused, or the proxy is overloaded. */
  readonly isPaused: () => boolean;
}

/** Sends missed writes, each alone among the shadow requests of its keys. */
export class Replayer {
  readonly #parts: ReplayerParts;
  readonly #options: LegOptions;
  /** Replays waiting or under way. */
  outstanding = 0;

  constructor(parts: ReplayerParts) {
    this.#parts = parts;
    this.#options = {
      timeoutMs: parts.shadowTimeoutMs,
      captureMaxBytes: 0,
      isCompared: false,
    };
  }

  /** Sends the write when its turn among the key's shadow requests has come; see `ended`, once. */
  replay(write: MissedWrite, ended: (end: ReplayEnd) => void): void {
    this.outstanding += 1;
    this.#parts.order.acquire(
      new ReplayTask(write, this.#parts, this.#options, (end) => {
        this.outstanding -= 1;
        ended(end);
      }),
    );
  }
}

class ReplayTask implements OrderedTask, LegListener {
  readonly keys: readonly string[];
  readonly isWrite = true;
  readonly target: Side;
  missing = 0;
  readonly #write: MissedWrite;
  readonly #parts: ReplayerParts;
  readonly #options: LegOptions;
  readonly #ended: (end: ReplayEnd) => void;

  constructor(
    write: MissedWrite,
    parts: ReplayerParts,
    options: LegOptions,
    ended: (end: ReplayEnd) => void,
  ) {
    this.keys = [...new Set(write.keys)];
    this.target = otherSide(write.truth);
    this.#write = write;
    this.#parts = parts;
    this.#options = options;
    this.#ended = ended;
  }

  run(): void {
    if (this.#parts.isPaused()) {
      this.#over('unsent');
      return;
    }
    const { method, target, headers, body } = this.#write;
    const request = {
      method,
      target,
      headers,
      body: body === null ? null : Buffer.from(body, 'base64'),
      upgrade: null,
      takesTrailers: false,
    };
    this.#parts.sides[this.target].dispatch(request, this.#options, this);
  }

  head(): void {}

  data(): void {}

  end(leg: Leg): void {
    if (!leg.isSent) this.#over('unsent');
    else this.#over(hasTakenEffect(leg) ? 'done' : 'unknown');
  }

  #over(end: ReplayEnd): void {
    // Told before the key's next shadow request begins, so that this one sees what it means.
    this.#ended(end);
    this.#parts.order.release(this);
  }
}

/** Whether a side has answered a write, though we may have cut its answer. */
export function hasTakenEffect(leg: Leg): boolean {
  if (!leg.isFailed) return true;
  const isCutByUs = leg.outcome === 'too-large' || leg.outcome === 'aborted';
  return isCutByUs && leg.status > 0 && leg.status < 500;
}
