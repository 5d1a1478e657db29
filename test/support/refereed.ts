/** A referee between two sides that tests answer by hand. */
import { LIMITS } from '../../src/kit/limits.ts';
import type { Side } from '../../src/model/exchange.ts';
import type { Comparison } from '../../src/model/pair.ts';
import type { LiveWrite, UncheckedReason } from '../../src/model/race.ts';
import type { AnalystItem } from '../../src/proxy/analyst/analyst-messages.ts';
import { KeyOrder } from '../../src/proxy/mirror/key-order.ts';
import { OVERLOAD, type OverloadLevel } from '../../src/proxy/overload.ts';
import type { Passage } from '../../src/proxy/passage.ts';
import type { Ruling } from '../../src/proxy/referee/dispute.ts';
import { createReferee, type Referee } from '../../src/proxy/referee/referee.ts';
import { AskedSide } from './asked-side.ts';
import { testRoute } from './proxy.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';

/** A write that overlaps with what it is given to. */
export const WRITE: LiveWrite = { route: 'POST /u/:user/items', method: 'POST', atMs: 7 };
export const MISMATCHED: Comparison = { kind: 'mismatched', divergences: [] };

export interface Read {
  readonly keys?: readonly string[];
  readonly overlap?: LiveWrite | null;
  readonly isSafe?: boolean;
  readonly isOff?: boolean;
  readonly isWhole?: boolean;
  readonly status?: number;
  readonly arrivedAtMs?: number;
  readonly body?: Uint8Array | null;
}

/** What the referee sees around it; tests change it as they like. */
interface Surroundings {
  level: OverloadLevel;
  isLeftAlone: boolean;
  /** Keys with writes that are not on both sides. */
  readonly open: Set<string>;
  readonly tainted: Set<string>;
  /** The analyst's. */
  hasRoom: boolean;
  draw: number;
}

export class Refereed {
  readonly clock: SimulatedClock = createSimulatedClock();
  readonly sides: Readonly<Record<Side, AskedSide>> = {
    legacy: new AskedSide(() => this.clock.nowUs()),
    candidate: new AskedSide(() => this.clock.nowUs()),
  };
  readonly order: KeyOrder = new KeyOrder();
  readonly state: Surroundings = {
    level: OVERLOAD.none,
    isLeftAlone: false,
    open: new Set(),
    tainted: new Set(),
    hasRoom: true,
    draw: 1,
  };
  readonly offered: AnalystItem[] = [];
  readonly rulings: Ruling[] = [];
  /** Keys tainted, each with why. */
  readonly added: string[] = [];
  readonly referee: Referee;
  readonly #heard: ((id: number, comparison: Comparison) => void)[] = [];

  constructor() {
    const { clock, sides, order, state, offered, added } = this;
    const hasAny = (set: ReadonlySet<string>, keys: readonly string[]): boolean =>
      keys.some((key) => set.has(key));
    this.referee = createReferee({
      sides,
      order,
      missed: { hasOpen: (keys) => hasAny(state.open, keys) },
      tainted: {
        hasAny: (keys) => hasAny(state.tainted, keys),
        isOvertakenAny: () => false,
        add: (key, _side, reason) => void added.push(`${key} ${reason}`),
      },
      analyst: {
        offer: (item) => {
          if (state.hasRoom) offered.push(item);
          return state.hasRoom;
        },
        onVerdict: (listener) => void this.#heard.push(listener),
      },
      clock,
      overload: () => state.level,
      isLeftAlone: (side) => side === 'candidate' && state.isLeftAlone,
      shadowTimeoutMs: 60_000,
      digest: (key) => `digest of ${key}`,
      random: () => state.draw,
    });
  }

  readonly judge = (read: Read = {}): void => {
    const { keys = ['k'], overlap = null, isSafe = true, isWhole = true, status = 200 } = read;
    const { body = null, arrivedAtMs = 9 } = read;
    const settings = testRoute('GET /u/:user/x', read.isOff ? { isRefereed: false } : {});
    const passage = {
      identity: { keys, isSafe, route: { name: 'GET /u/:user/x', settings } },
      plan: { liveSide: 'legacy' },
      inbound: { head: { method: 'GET', target: '/u/k/x' } },
      live: { isCaptureWhole: isWhole, status: 200 },
      shadow: { isCaptureWhole: true, status },
      overlap,
      copy: body,
      arrivedAtMs,
      requestFor: (side: string, role: string) => ({ side, role }),
    } as unknown as Passage;
    this.referee.judge(passage, (ruling) => this.rulings.push(ruling));
  };

  /** Both sides answer the newest question so. */
  readonly answer = (legacy: string, candidate: string): void => {
    this.sides.legacy.last.answers(legacy);
    this.sides.candidate.last.answers(candidate);
  };

  /** The analyst's, of what it was offered last. */
  readonly verdict = (comparison: Comparison): void => {
    for (const each of this.#heard) each(this.offered.at(-1)!.id, comparison);
  };

  /** Questions so far. */
  readonly asked = (): number => this.sides.legacy.legs.length;

  /** Time for the referee to look again. */
  readonly look = (): void => this.clock.advance(LIMITS.refereeLookMs);

  readonly unchecked = (): Partial<Record<UncheckedReason, number>> =>
    this.referee.counts().unchecked;
}
