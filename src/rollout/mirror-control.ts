/**
 * What the proxies are told of mirroring: the configuration, what a person has ordered, and
 * pauses because legacy suffers. In: orders and summaries. Out: the mirror's part of the
 * assignment, and how it stands. None of it touches the evidence of a step.
 */
import type { Clock } from '../kit/clock.ts';
import type { Assignment } from '../model/assignment.ts';
import { isBaselineSecond } from '../measure/baseline-seconds.ts';
import { SIDES } from '../model/exchange.ts';
import type { MirrorOrders, MirrorStatus, RolloutState } from '../model/rollout.ts';
import type { MirrorSettings, Settings } from '../model/settings.ts';
import type { MirrorState, Summary } from '../model/window.ts';
import { addHistograms } from '../judge/windows.ts';
import * as auto from './auto-pause.ts';
import { NO_ORDERS } from './mirror-orders.ts';

type MirrorPart = Pick<
  Assignment,
  'mirrorPercent' | 'mirrorRatePerSec' | 'mirrorPause' | 'mirrorBaselinePercent' | 'mirrorRevision'
>;

interface Heard {
  readonly mirror: MirrorState | null;
  readonly received: number;
  readonly failed: number;
}

/** Seconds that begin sooner after a change may hold traffic of before it. */
const SETTLE_MS = 1000;
/** A summary over more than that, or less, is no second. */
const SECOND_MS = { min: 500, max: 1500 };

/** The mirror of one run; see the head of this file. */
export class MirrorControl {
  readonly #clock: Clock;
  readonly #salt: string;
  readonly #heard = new Map<number, Heard>();
  #settings: MirrorSettings;
  #workers: number;
  #orders: MirrorOrders;
  #auto: auto.AutoPauseState;
  #revision = 0;
  #changedAtMs = 0;

  constructor(settings: Settings, { mirror = NO_ORDERS, salt }: RolloutState, clock: Clock) {
    this.#clock = clock;
    this.#settings = settings.mirror;
    this.#workers = settings.workers;
    this.#orders = mirror;
    this.#salt = salt;
    this.#auto = auto.watching(clock.nowUs());
  }

  /** Why nothing is mirrored; '' while mirroring is on. */
  get pause(): string {
    return this.#orders.pause === '' ? this.#autoPause : this.#orders.pause;
  }

  /** The mirror's part of what every proxy should do now; a rate is shared by all proxies. */
  assignment(): MirrorPart {
    const { percent, maxRatePerSec } = this.#wanted();
    const isWatched = this.#settings.autoPause !== null && this.pause === '';
    return {
      mirrorPercent: percent,
      mirrorRatePerSec: maxRatePerSec === null ? null : maxRatePerSec / this.#workers,
      mirrorPause: this.pause,
      mirrorBaselinePercent: isWatched ? auto.baselinePercentOf(this.#auto) : 0,
      mirrorRevision: this.#revision,
    };
  }

  /** Follows a person, or a changed configuration; what was measured before begins anew. */
  change(settings: Settings, orders: MirrorOrders = NO_ORDERS): void {
    this.#settings = settings.mirror;
    this.#workers = settings.workers;
    this.#orders = orders;
    this.#auto = auto.watching(this.#clock.nowUs());
    this.#changed();
  }

  accept(summary: Summary): void {
    const { worker, mirror = null, traffic } = summary;
    const before = this.#heard.get(worker);
    const failed = traffic.failedSafe + traffic.failedWrites;
    this.#heard.set(worker, { mirror, received: traffic.received, failed });
    if (before === undefined || traffic.received < before.received || !this.#isSecond(summary)) {
      return;
    }
    let latencies: auto.LiveLoad['latencies'] = [];
    for (const cell of summary.cells) {
      if (cell.liveSide === 'legacy') latencies = addHistograms(latencies, cell.live);
    }
    const load = {
      latencies,
      requests: traffic.received - before.received,
      failed: failed - before.failed,
    };
    const second = Math.floor((summary.startMs + summary.endMs) / 2000);
    const { mirrorBaselinePercent } = this.assignment();
    const isBaseline = isBaselineSecond(this.#salt, second, mirrorBaselinePercent);
    this.#auto = auto.withLoad(this.#auto, isBaseline, load);
  }

  workerLost(worker: number): void {
    this.#heard.delete(worker);
  }

  /**
   * Judges what has been measured. True when the proxies must be told anew; `note` gets the
   * sentence for the event log where there is one.
   */
  tick(note: (sentence: string) => void): boolean {
    const { autoPause } = this.#settings;
    if (autoPause === null || this.#orders.pause !== '') return false;
    const before = this.#auto;
    const next = auto.step(before, autoPause, this.#clock.nowUs());
    if (next === null) return false;
    this.#auto = next.state;
    if (next.state.kind === before.kind) return false;
    this.#changed();
    if (next.sentence !== null) note(next.sentence);
    return true;
  }

  status(): MirrorStatus {
    const { percent, maxRatePerSec } = this.#wanted();
    const states = [...this.#heard.values()].flatMap(({ mirror }) => mirror ?? []);
    const byPerson = this.#orders.pause === '' ? null : 'person';
    return {
      percent,
      maxRatePerSec,
      pause: this.pause,
      pausedBy: byPerson ?? (this.#autoPause === '' ? null : 'auto-pause'),
      harm: this.#auto.harm,
      overload: Math.max(0, ...states.map((state) => state.overload)),
      openBreakers: SIDES.filter((side) =>
        states.some((state) => state.openBreakers.includes(side)),
      ),
      outstanding: states.reduce((sum, state) => sum + state.outstanding, 0),
      heldBytes: states.reduce((sum, state) => sum + state.heldBytes, 0),
    };
  }

  get #autoPause(): string {
    return this.#settings.autoPause === null ? '' : auto.pauseOf(this.#auto);
  }

  #wanted(): { readonly percent: number; readonly maxRatePerSec: number | null } {
    return {
      percent: this.#orders.percent ?? this.#settings.percent,
      maxRatePerSec: this.#orders.maxRatePerSec ?? this.#settings.maxRatePerSec,
    };
  }

  /** One second of mirroring as it is assigned now, or of none as a baseline second. */
  #isSecond({ startMs, endMs }: Summary): boolean {
    if (this.pause !== '' || startMs < this.#changedAtMs + SETTLE_MS) return false;
    return endMs - startMs >= SECOND_MS.min && endMs - startMs <= SECOND_MS.max;
  }

  #changed(): void {
    this.#revision += 1;
    this.#changedAtMs = this.#clock.wallMs();
  }
}
