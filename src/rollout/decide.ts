/**
 * What to do now, given where the rollout stands and what the gates say. Pure: the same facts
 * always decide alike, and every answer says why.
 */
import { unprovenSentence } from '../judge/route-proof.ts';
import { formatAbout, formatDuration } from '../kit/units.ts';
import type { Decision, GateResult, RolloutState, Verdict } from '../model/rollout.ts';
import type { LadderStep } from '../model/settings.ts';
import { COUNTED_MIN, countedOf, type HoldState, lostText } from './hold-time.ts';
import { daysSeen, type PeakState } from './peaks.ts';

export interface DecideFacts {
  readonly state: RolloutState;
  readonly ladder: readonly LadderStep[];
  readonly verdict: Verdict;
  readonly hasKey: boolean;
  readonly peaks: PeakState;
  /** What of the step's time counts. */
  readonly hold: HoldState;
  /** Why nothing is mirrored, so that nothing new is known; '' while mirroring is on. */
  readonly mirrorPause: string;
  /** Why the keys are not split as the percent says: holds, and speaks for no side; '' if not. */
  readonly splitProblem: string;
}

export const NO_KEY: string =
  'no key is configured, so the canary stays at 0 %: add `key:` to the configuration, ' +
  'for example `key: { from: header, name: x-user-id }`';

/** Safety first: a failing gate is acted on before anything that would move up. */
export function decide(facts: DecideFacts): Decision {
  const { state, ladder, verdict } = facts;
  const failing = verdict.gates.filter((gate) => gate.verdict === 'fail');
  if (state.phase === 'rolled-back') return hold([waitForPerson(state)]);
  if (state.percent > 0 && failing.some((gate) => gate.onFail === 'rollback')) {
    return { kind: 'rollback', reason: sentencesOf(failing) };
  }
  if (state.phase === 'complete') return hold([]);
  const waitingFor = [
    ...(state.heldBy === 'person' ? [waitForPerson(state)] : []),
    ...failing.map((gate) => `gate fails: ${briefOf(gate)}`),
    ...(facts.mirrorPause === '' ? [] : [`mirroring to go on (${facts.mirrorPause})`]),
    ...(facts.splitProblem === '' ? [] : [`a fault of the routing: ${facts.splitProblem}`]),
    ...waitForStep(facts),
  ];
  if (waitingFor.length > 0) return hold(waitingFor);
  const isLast = state.step === ladder.length - 1;
  if (isLast) return { kind: 'complete', reason: sentencesOf(verdict.gates) };
  return { kind: 'advance', toStep: state.step + 1, reason: sentencesOf(verdict.gates) };
}

function hold(waitingFor: readonly string[]): Decision {
  return { kind: 'hold', waitingFor };
}

function waitForPerson(state: RolloutState): string {
  return state.phase === 'rolled-back'
    ? `a person to resume from 0 % or to begin a new build (${state.reason})`
    : `a person to resume (${state.reason})`;
}

function waitForStep(facts: DecideFacts): string[] {
  const { state, ladder, verdict, hasKey, peaks } = facts;
  const step = ladder[state.step]!;
  const next = ladder[state.step + 1];
  const waitingFor = waitForHold(facts, step);
  for (const gate of verdict.gates) {
    if (gate.verdict === 'inconclusive') waitingFor.push(openSentence(gate));
  }
  const blocking = verdict.unproven?.filter(({ accepted }) => accepted === null) ?? [];
  if (next !== undefined && next.percent >= 100 && blocking.length > 0) {
    waitingFor.push(
      `${unprovenSentence(blocking)}: more of their pairs, or ` +
        '`unproven: { as: accept, reason: …, owner: … }` of the route',
    );
  }
  if (peaks.seen < step.peaks) waitingFor.push(peaksSentence(peaks, step));
  if (step.approve && !state.isApproved) {
    waitingFor.push(`approval to leave ${step.percent} %: crossfade approve --reason …`);
  }
  if (next !== undefined && next.percent > 0 && !hasKey) waitingFor.push(NO_KEY);
  return waitingFor;
}

/** Nine tenths of the hold must count, whatever did not: `12 min did not count: outage 12 min`. */
function waitForHold({ state, hold }: DecideFacts, step: LadderStep): string[] {
  const countedMs = countedOf(hold);
  const shortMs = COUNTED_MIN * step.holdMs - countedMs;
  const leftMs = Math.max(step.holdMs - state.stepElapsedMs, shortMs);
  if (leftMs <= 0) return [];
  const total = formatDuration(step.holdMs);
  const lost = lostText(hold);
  const left = `${formatLeft(leftMs)} more of the ${total} hold at ${step.percent} %`;
  if (lost === '') return [left];
  if (countedMs === 0) return [`${left}: ${lost}`];
  const expectedMs = Math.max(leftMs, (shortMs * state.stepElapsedMs) / countedMs);
  return [`${left}: ${lost}; expected in about ${formatAbout(expectedMs)} at this rate`];
}

function peaksSentence(peaks: PeakState, { percent, peaks: wanted }: LadderStep): string {
  const days = daysSeen(peaks);
  const highest =
    days >= 7
      ? 'of the last seven days'
      : `so far, of ${formatAbout(days * DAY_MS)}: seven days are not seen yet`;
  const left = wanted - peaks.seen;
  return (
    `traffic peaks: ${peaks.seen} of ${wanted} seen at ${percent} % (half hours within 80 % of ` +
    `the highest ${highest}); expected in about ${formatAbout(left * DAY_MS)} at one a day`
  );
}

const DAY_MS = 86_400_000;

/** Rounded up to what a person reads: whole seconds, then minutes. */
function formatLeft(ms: number): string {
  return formatDuration(
    ms <= 120_000 ? Math.ceil(ms / 1000) * 1000 : Math.ceil(ms / 60_000) * 60_000,
  );
}

/** What gates say, in one line. */
export function sentencesOf(gates: readonly GateResult[]): string {
  return gates.length === 0 ? 'no gates' : gates.map(briefOf).join('; ');
}

/** What is not proved, in words for the event log; '' where all is. */
export function openSentences({ gates }: Verdict): string {
  const open = gates.filter((gate) => gate.verdict === 'inconclusive');
  return open.length === 0 ? '' : `though not proved: ${sentencesOf(open)}`;
}

function briefOf({ brief, sentence }: GateResult): string {
  return brief ?? sentence;
}

function openSentence(gate: GateResult): string {
  return gate.missing === undefined
    ? `evidence: ${briefOf(gate)}`
    : `evidence for ${gate.gate}: ${gate.missing}`;
}
