/** What follows: the plain sentence, and whether the runtime is the floor or the workload. */
import { formatDuration, formatLatency } from '../kit/units.ts';
import type { InstanceDiagnosis } from './diagnosis.ts';
import type { Phases } from './instances.ts';
import type { Origin } from './origin.ts';
import type { Period } from './period.ts';
import type { Cause, SideDiagnosis } from './side.ts';

/** runtime: a rewrite is justified. workload: it is not. undecided: `reason` says why. */
export interface Decision {
  readonly floor: 'runtime' | 'workload' | 'undecided';
  readonly reason: string;
}

/** Quiet time after which no spikes means none: eight periods of a two-minute timer. */
const QUIET_MIN_S = 960;
/** Share of legacy's spikes up to which the candidate's are none of that kind. */
const FEW_RATIO = 0.1;

/** Share of stalled seconds beyond which nothing is decided, whatever the others show. */
const INCONCLUSIVE_MIN = 0.2;

/** Spikes hardly more often in collections than elsewhere are none of theirs. */
const LIFT_NONE = 2;
/** Of fewer spikes nothing is said: where they fall may be chance. */
const SPIKES_MIN = 5;

/** What is said first, and what follows. */
export interface Decided {
  readonly sentence: string;
  readonly decision: Decision;
}

/** The sentence and the decision; the first instance is the one with the worst spikes. */
export function decide(instances: readonly InstanceDiagnosis[], phases: Phases): Decided {
  const { legacy, candidate } = instances[0]!;
  const cause = phases === 'together' && legacy.cause !== 'collector' ? 'shared' : legacy.cause;
  const sentence = sentenceOf(legacy, candidate, cause, instances, phases);
  return { sentence, decision: floorOf(legacy, candidate, cause) };
}

/**
 * What is said of a machine that is short of time: more than 1 % of the seconds were left out for
 * the harness's own stalls. The decision stands where those seconds make no difference to it, and
 * are few enough for that to mean something; the sentence says how it was got, and any doubt.
 */
export function decideInSpite(
  { sentence, decision: without }: Decided,
  withThem: Decision,
  instances: readonly InstanceDiagnosis[],
): Decided {
  const worst = instances.map(({ stalls }) => stalls).reduce((a, b) => (isWorse(b, a) ? b : a));
  const share = `harness itself stalled in ${worst.stalled} of ${worst.of} seconds`;
  const told = (isInDoubt: boolean): string =>
    `${isInDoubt ? 'In doubt, on' : 'On'} a machine short of time (the ${share}): ${sentence}`;
  const inDoubt = (reason: string): Decided => {
    return { sentence: told(true), decision: { floor: 'undecided', reason } };
  };
  if (worst.stalled > INCONCLUSIVE_MIN * worst.of) {
    return inDoubt(`The ${share}: nothing is concluded from a machine that is so short of time.`);
  }
  if (without.floor !== withThem.floor) {
    return inDoubt(
      `The ${share}, more than 1 %, and with them it would be otherwise: nothing is concluded ` +
        'from a machine that is short of time.',
    );
  }
  const reason = `${without.reason} The ${share}; with them it is the same.`;
  return { sentence: told(false), decision: { ...without, reason } };
}

function isWorse(a: InstanceDiagnosis['stalls'], b: InstanceDiagnosis['stalls']): boolean {
  return a.stalled * b.of > b.stalled * a.of;
}

function sentenceOf(
  legacy: SideDiagnosis,
  candidate: SideDiagnosis,
  cause: Cause,
  instances: readonly InstanceDiagnosis[],
  phases: Phases,
): string {
  const { events, calmP999Us, attribution } = legacy;
  if (events.length === 0) {
    const own = candidate.events.length;
    const meanwhile =
      own === 0 ? 'nor does the candidate' : `the candidate has ${times(candidate)}`;
    return `legacy shows no spikes in ${span(legacy.seconds)}; ${meanwhile}.`;
  }
  const where =
    instances.length < 2
      ? ''
      : phases === 'together'
        ? ', all instances at once'
        : eachOf(instances);
  const who = cause === 'shared' && phases !== 'together' ? 'both sides pause' : 'legacy pauses';
  const without =
    cause === 'collector' && attribution !== null ? attribution.p999WithoutUs : calmP999Us;
  const them = cause === 'collector' ? 'them' : 'the spikes';
  const parts = [
    `${who} ${formatLatency(legacy.pauseUs ?? 0)} ${howOften(legacy)}${where}${why(legacy, cause)}`,
    `without ${them} its p99.9 would be ${formatLatency(without)} ` +
      `(it is ${formatLatency(legacy.p999Us)})`,
  ];
  if (cause !== 'shared' || phases === 'together') {
    parts.push(
      isCalm(legacy, candidate) ? calm(candidate) : `the candidate has ${times(candidate)}`,
    );
  }
  return `${parts.join('; ')}.`;
}

function why({ origin, period }: SideDiagnosis, cause: Cause): string {
  switch (cause) {
    case 'collector':
      return ', in step with its collections';
    case 'runtime-timer':
      return ', as a two-minute timer of its runtime would, which drifts by each cycle';
    case 'clock':
      return `, locked to the clock as a job is${phaseText(period, origin)}`;
    case 'shared':
      return ': a cause outside of both implementations';
    case 'periodic':
      return origin?.kind === 'timer' ? ', by a timer of its own, not a clock' : ', cause unknown';
    default:
      return '';
  }
}

function phaseText(period: Period | null, origin: Origin | null): string {
  const atMs = period?.chain.atMs.at(-1) ?? null;
  const nominalMs = origin?.nominalMs ?? null;
  if (atMs === null || nominalMs === null) return '';
  return ` (${Math.floor((atMs % nominalMs) / 1000)} s into each ${formatDuration(nominalMs)})`;
}

function howOften({ period, events, seconds }: SideDiagnosis): string {
  if (period?.isProven === true) return `every ${(period.periodMs / 1000).toFixed(1)} s`;
  const count = events.length === 1 ? 'once' : `${events.length} times`;
  const maybe =
    period === null
      ? 'without a period'
      : `perhaps every ${(period.periodMs / 1000).toFixed(1)} s, too few to prove it`;
  return events.length < 3
    ? `${count} in ${span(seconds)}`
    : `${count} in ${span(seconds)}, ${maybe}`;
}

function times({ events, pauseUs }: SideDiagnosis): string {
  const spikes = events.length === 1 ? '1 spike' : `${events.length} spikes`;
  return `${spikes} of its own, of ${formatLatency(pauseUs ?? 0)}`;
}

function calm({ events }: SideDiagnosis): string {
  return events.length === 0
    ? 'the candidate shows no such spikes'
    : `the candidate shows hardly any (${events.length})`;
}

function eachOf(instances: readonly InstanceDiagnosis[]): string {
  if (instances.length < 2) return '';
  const own = instances.filter(({ legacy }) => legacy.events.length > 0).length;
  return own === instances.length
    ? ' on each instance'
    : ` on ${own} of ${instances.length} instances`;
}

function span(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** Spikes of the candidate's own that are a tenth of legacy's, in number or in harm, are none. */
export function isCalm(legacy: SideDiagnosis, candidate: SideDiagnosis): boolean {
  const own = candidate.events.length - candidate.sharedEvents;
  if (own <= FEW_RATIO * legacy.events.length) return true;
  return candidate.ownExcessUs <= FEW_RATIO * legacy.ownExcessUs;
}

function floorOf(legacy: SideDiagnosis, candidate: SideDiagnosis, cause: Cause): Decision {
  const isCandidateCalm = isCalm(legacy, candidate);
  switch (cause) {
    case 'collector':
      return isCandidateCalm
        ? runtime('Legacy waits for its own collector, and the candidate does not.')
        : undecided('Legacy waits for its collector, but the candidate has spikes as well.');
    case 'runtime-timer':
      return isCandidateCalm
        ? undecided(
            'It looks like the runtime, and the candidate is calm; what legacy tells of its ' +
              'collections would prove it (metrics in the configuration, or --legacy-gc).',
          )
        : undecided('It looks like the runtime, but the candidate has spikes as well.');
    case 'clock':
      return workload(
        'The spikes are a job on the clock: move the job, the runtime is not to blame.',
      );
    case 'shared':
      return workload(
        'Both slow down at once: the store, the network or the machine is the floor.',
      );
    case 'none':
      return legacy.seconds >= QUIET_MIN_S
        ? workload(
            'Legacy has no pauses that another runtime could take away: p99.9 is ' +
              `${formatLatency(legacy.p999Us)}, with the candidate ` +
              `${formatLatency(candidate.p999Us)}.`,
          )
        : undecided(
            `No spikes in ${span(legacy.seconds)}; it takes 16 min to rule out a timer of two.`,
          );
    default:
      return ofUnknown(legacy);
  }
}

/** Spikes whose cause was not found: refuted, in doubt, or nothing to go by. */
function ofUnknown({ hasFeed, attribution, events }: SideDiagnosis): Decision {
  if (events.length < SPIKES_MIN) {
    return undecided(`Of fewer than ${SPIKES_MIN} spikes nothing can be said: watch for longer.`);
  }
  if (!hasFeed) {
    return undecided(
      'Nothing says what the spikes are: give what legacy tells of its collections ' +
        '(metrics in the configuration, or --legacy-gc).',
    );
  }
  return attribution === null || attribution.lift < LIFT_NONE
    ? workload('The spikes are not legacy’s collections: a rewrite may keep them.')
    : undecided('The spikes may be legacy’s collections; what speaks against it is listed.');
}

function runtime(reason: string): Decision {
  return {
    floor: 'runtime',
    reason: `The runtime is the floor: a rewrite is justified. ${reason}`,
  };
}

function workload(reason: string): Decision {
  const verdict = 'The workload is the floor: a rewrite alone will not help.';
  return { floor: 'workload', reason: `${verdict} ${reason}` };
}

function undecided(reason: string): Decision {
  return { floor: 'undecided', reason: `Not decided. ${reason}` };
}
