/**
 * Whether spikes are a side's own collections. Five questions: do the spikes fall into cycles,
 * do exceedances rise in them, what would the tail be without them, does the other side stay calm
 * meanwhile, and do the pauses add up to what was slow.
 */
import { lnGamma } from '../kit/e-process.ts';
import { median } from '../kit/median.ts';
import { createRandom } from '../kit/random.ts';
import type { LatencyHistogram } from '../measure/latency.ts';
import { coveredRatio, cycleWindows, type Stretch, touches, windowAt } from './cycle-windows.ts';
import type { SpikeEvent, Spikes } from './events.ts';
import { type SideSeries, totalOf } from './series.ts';
import type { CollectionFeed, Cycle, TraceSecond } from './trace.ts';

/** What the collections of one kind have to do with a side's spikes. */
export interface Attribution {
  readonly source: string;
  readonly kind: string;
  /** How much earlier than told each cycle is taken to have begun. */
  readonly leadMs: number;
  readonly cycles: number;
  /** Spikes in a cycle, of how many; the share of all time that cycles take; lift and chance. */
  readonly inCycles: number;
  readonly spikes: number;
  readonly timeRatio: number;
  readonly lift: number;
  readonly p: number;
  /** Exceedances in cycles above those before, by answer, and how often shifts did as well. */
  readonly epochExcess: number;
  readonly epochP: number;
  /** The tail with and without the cycles, at the quantile that the spikes decide. */
  readonly quantile: number;
  readonly allUs: number;
  readonly withoutUs: number;
  readonly p999WithoutUs: number;
  /** Share of the distance to the candidate (or of the tail) that goes with them. */
  readonly explainedRatio: number;
  /** The other side in the same seconds: how much more often it exceeds its own threshold. */
  readonly otherLift: number;
  /** Its excess as a share of this side's. */
  readonly otherExcessRatio: number;
  /** Share that was slow by the share that the pauses predict; null where they are not told. */
  readonly massBalance: number | null;
  readonly isAttributed: boolean;
  /** What speaks against it, in sentences. */
  readonly against: readonly string[];
}

const LIFT_MIN = 5;
const P_MAX = 1e-3;
const EXPLAINED_MIN = 0.5;
const OTHER_LIFT_MAX = 1.5;
/** A machine that both sides share slows the other one a little. */
const OTHER_EXCESS_MAX = 0.1;
const MASS_OFF_MAX = 10;
const SHIFTS = 999;
const WIDEN_MAX_MS = 1000;
const QUANTILES: readonly number[] = [0.99, 0.999, 0.9999, 0.99999];

/** The side's series and spikes, and the other side's over the same seconds. */
export interface AttributionInput {
  readonly own: SideSeries;
  readonly other: SideSeries;
  readonly spikes: Spikes;
  readonly seconds: readonly TraceSecond[];
  readonly feed: CollectionFeed;
  /** Null where the spikes have none. */
  readonly periodMs: number | null;
}

/** The kind of collection that explains most; null where no kind had a cycle in that time. */
export function attribute(input: AttributionInput): Attribution | null {
  const { own, feed } = input;
  const endMs = own.startMs + 1000 * own.rows.length;
  const within = feed.cycles.filter((each) => each.endMs >= own.startMs && each.startMs < endMs);
  const kinds = [...new Set(within.map(({ kind }) => kind))];
  const leadsMs = feed.leadsMs ?? [0];
  const tried = kinds.length * leadsMs.length;
  const each = kinds.flatMap((kind) => {
    const cycles = within.filter((cycle) => cycle.kind === kind);
    return leadsMs.map((leadMs) => attributeKind(input, kind, { cycles, leadMs, tried }));
  });
  each.sort((a, b) => rank(b) - rank(a));
  return each[0] ?? null;
}

function rank({ isAttributed, lift, inCycles, spikes }: Attribution): number {
  return (isAttributed ? 1000 : 0) + (lift * inCycles) / Math.max(1, spikes);
}

/** Cycles of one kind, when they are taken to have begun, and how many such guesses there are. */
interface Tried {
  readonly cycles: readonly Cycle[];
  readonly leadMs: number;
  readonly tried: number;
}

function attributeKind(
  input: AttributionInput,
  kind: string,
  { cycles: told, leadMs, tried }: Tried,
): Attribution {
  const cycles = told.map((each) => ({ ...each, startMs: each.startMs - leadMs }));
  const { own, other, spikes, feed, periodMs } = input;
  const endMs = own.startMs + 1000 * own.rows.length;
  // What is wider than the cycle already needs no more room for clocks that are apart.
  const roomMs = feed.isBracketed ? 0 : WIDEN_MAX_MS;
  const widenMs = Math.min(roomMs, (periodMs ?? 40 * WIDEN_MAX_MS) / 40);
  const roundMs = widenMs + feed.precisionMs;
  const windows = cycleWindows(cycles, roundMs, roundMs);
  const { events } = spikes;
  const met = events.filter((event) => touches(windows, event.atMs, event.endMs));
  const inCycles = met.length;
  // A spike that lasts meets a cycle more easily: as if each cycle began earlier by as much.
  const lastsMs = median(events.map(({ atMs, endMs }) => endMs - atMs)) ?? 0;
  const meeting = cycleWindows(cycles, roundMs + lastsMs, roundMs);
  const timeRatio = Math.max(1e-9, coveredRatio(meeting, own.startMs, endMs));
  const tail = binomialTail(inCycles, events.length, Math.min(timeRatio, 1));
  const ownWithout = totalWithout(input, windows, met);
  const quantile = quantileOf(own, events);
  const allUs = own.total.quantileUs(quantile);
  const withoutUs = ownWithout.quantileUs(quantile);
  const otherUs = other.total.quantileUs(quantile);
  const distanceUs = otherUs < allUs ? allUs - otherUs : allUs;
  const epoch = superposed(own, cycles, periodMs);
  const found = {
    source: feed.source,
    kind,
    leadMs,
    cycles: cycles.length,
    inCycles,
    spikes: events.length,
    timeRatio,
    lift: events.length === 0 ? 0 : inCycles / events.length / timeRatio,
    // The best of several is chosen.
    p: Math.min(1, tail * tried),
    epochExcess: epoch.excess,
    epochP: epoch.p,
    quantile,
    allUs,
    withoutUs,
    p999WithoutUs: ownWithout.quantileUs(0.999),
    explainedRatio: allUs === 0 ? 0 : clamp((allUs - withoutUs) / distanceUs),
    ...crossArm(own, other, windows),
    massBalance: massBalance(own, events, cycles),
  };
  const against = objections(found);
  return { ...found, isAttributed: against.length === 0, against };
}

/** All but what cycles may have delayed: their seconds, and those of the spikes that meet them. */
function totalWithout(
  { own, seconds }: AttributionInput,
  windows: readonly Stretch[],
  met: readonly SpikeEvent[],
): LatencyHistogram {
  const rest = seconds.filter(({ startMs }) => {
    if (touches(windows, startMs, startMs + 1000)) return false;
    return !met.some(({ atMs, endMs }) => startMs + 1000 > atMs && startMs < endMs);
  });
  return totalOf(rest.map((second) => second[own.side].counts));
}

function clamp(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}

function objections(found: Omit<Attribution, 'isAttributed' | 'against'>): readonly string[] {
  const against: string[] = [];
  const { lift, p, explainedRatio, otherLift, otherExcessRatio, massBalance: mass } = found;
  if (lift < LIFT_MIN) against.push(`spikes are only ${lift.toFixed(1)} times as often in cycles`);
  if (p >= P_MAX) against.push(`so many in cycles may be chance (p ${p.toPrecision(2)})`);
  if (explainedRatio < EXPLAINED_MIN) {
    against.push(`without its cycles only ${(100 * explainedRatio).toFixed(0)} % of the tail goes`);
  }
  if (otherLift >= OTHER_LIFT_MAX && otherExcessRatio >= OTHER_EXCESS_MAX) {
    against.push(`the other side rises ${otherLift.toFixed(1)} times in the same cycles`);
  }
  if (mass !== null && (mass > MASS_OFF_MAX || mass < 1 / MASS_OFF_MAX)) {
    against.push(`what was slow is ${mass.toPrecision(2)} times what the pauses add up to`);
  }
  return against;
}

/** The first quantile beyond which half of what the spikes made slow still lies. */
function quantileOf(own: SideSeries, events: readonly SpikeEvent[]): number {
  const excess = events.reduce((sum, event) => sum + event.excess, 0);
  const half = excess / Math.max(1, own.total.count) / 2;
  return QUANTILES.find((quantile) => 1 - quantile <= half) ?? 0.999;
}

/** At the median cycle, so that a single coincidence is none of many. */
function crossArm(
  own: SideSeries,
  other: SideSeries,
  windows: readonly Stretch[],
): Pick<Attribution, 'otherLift' | 'otherExcessRatio'> {
  const outside = { count: 0, over: 0 };
  const inside = windows.map(() => ({ count: 0, over: 0, ownUs: 0, otherUs: 0 }));
  for (const [i, row] of other.rows.entries()) {
    if (row === null) continue;
    const fromMs = other.startMs + 1000 * i;
    const at = windowAt(windows, fromMs, fromMs + 1000);
    const sums = inside[at] ?? outside;
    sums.count += row.count;
    sums.over += row.over;
    if (inside[at] === undefined) continue;
    inside[at].otherUs += row.overUs;
    inside[at].ownUs += own.rows[i]?.overUs ?? 0;
  }
  const seen = inside.filter(({ count }) => count > 0);
  const usual = Math.max(outside.over, 1) / Math.max(1, outside.count);
  const lifts = seen.map(({ count, over }) => over / count / usual);
  const excess = seen.map(({ ownUs, otherUs }) => otherUs / Math.max(1, ownUs));
  return { otherLift: median(lifts) ?? 0, otherExcessRatio: median(excess) ?? 0 };
}

/** Observed share of slow requests by the share of time the pauses take. */
function massBalance(
  own: SideSeries,
  events: readonly SpikeEvent[],
  cycles: readonly Cycle[],
): number | null {
  if (cycles.some(({ pauseMs }) => pauseMs === null)) return null;
  const pausedMs = cycles.reduce((sum, { pauseMs }) => sum + (pauseMs ?? 0), 0);
  const predicted = pausedMs / (1000 * own.rows.length);
  const excess = events.reduce((sum, event) => sum + event.excess, 0);
  return predicted === 0 ? null : excess / Math.max(1, own.total.count) / predicted;
}

/**
 * Mean exceedances by answer from each cycle's begin to a second behind its end, less those
 * before it, against 999 circular shifts of all cycles together.
 */
function superposed(
  own: SideSeries,
  cycles: readonly Cycle[],
  periodMs: number | null,
): { readonly excess: number; readonly p: number } {
  const size = own.rows.length;
  const overs = new Float64Array(size + 1);
  const counts = new Float64Array(size + 1);
  for (const [i, row] of own.rows.entries()) {
    overs[i + 1] = overs[i]! + (row?.over ?? 0);
    counts[i + 1] = counts[i]! + (row?.count ?? 0);
  }
  const half = (periodMs ?? Infinity) / 2000;
  const [far, near] = [Math.min(30, half), Math.min(5, half / 4)];
  const sum = (from: number, to: number): readonly [number, number] => {
    const a = Math.max(0, Math.min(size, Math.floor(from)));
    const b = Math.max(a, Math.min(size, Math.ceil(to)));
    return [overs[b]! - overs[a]!, counts[b]! - counts[a]!];
  };
  const excessAt = (shift: number): number => {
    const totals = [0, 0, 0, 0];
    for (const { startMs, endMs } of cycles) {
      const at = ((startMs - own.startMs) / 1000 + shift) % size;
      const inside = sum(at, at + (endMs - startMs) / 1000 + 1);
      const before = sum(at - far, at - near);
      for (const [i, each] of [...inside, ...before].entries()) totals[i]! += each;
    }
    return totals[0]! / Math.max(1, totals[1]!) - totals[2]! / Math.max(1, totals[3]!);
  };
  const excess = excessAt(0);
  const random = createRandom(1);
  let asMuch = 0;
  for (let i = 0; i < SHIFTS; i += 1) if (excessAt(random.int(1, size)) >= excess) asMuch += 1;
  return { excess, p: (1 + asMuch) / (1 + SHIFTS) };
}

/** P(Bin(n, chance) >= k). */
export function binomialTail(k: number, n: number, chance: number): number {
  if (k <= 0) return 1;
  if (chance >= 1) return 1;
  let sum = 0;
  for (let i = k; i <= n; i += 1) {
    const ways = lnGamma(n + 1) - lnGamma(i + 1) - lnGamma(n - i + 1);
    sum += Math.exp(ways + i * Math.log(chance) + (n - i) * Math.log1p(-chance));
  }
  return Math.min(1, sum);
}
