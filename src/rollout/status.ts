import type {
  Decision,
  MirrorStatus,
  ResumedVerdict,
  RolloutEvent,
  RolloutState,
  RuleStatus,
  Status,
  TaintedKeyStatus,
  Verdict,
} from '../model/rollout.ts';
import type { LadderStep } from '../model/settings.ts';
import type { TaintedKey, TaintReason, TrafficCounts } from '../model/window.ts';
import { LIMITS } from '../kit/limits.ts';
import type { MissedCounts } from '../measure/accumulate.ts';
import { OVERLOAD_NAMES } from '../proxy/overload.ts';
import { withRates } from '../compare/noise/rates.ts';
import type { JournalState, TrafficEngine } from './engine.ts';
import type { Gathering } from './gathering.ts';
import { type LapsedRule, lapsedSentences } from './lapsed-rules.ts';
import { mapWarnings } from './rule-status.ts';

export interface StatusFacts {
  readonly state: RolloutState;
  readonly ladder: readonly LadderStep[];
  readonly verdict: Verdict;
  readonly resumed: ResumedVerdict | null;
  /** What would be decided now: when it holds, what it waits for. */
  readonly decision: Decision;
  readonly gathering: Gathering;
  readonly mirror: MirrorStatus;
  readonly engine: TrafficEngine;
  readonly events: readonly RolloutEvent[];
  /** Null where there is nothing to warn of. */
  readonly warnings: readonly (string | null)[];
  readonly rules: readonly RuleStatus[];
  /** Compare rules that no longer hold. */
  readonly lapsed: readonly LapsedRule[];
}

function noiseOf(gathering: Gathering): Pick<Status, 'noise'> {
  const noise = gathering.noise();
  return noise === undefined ? {} : { noise: withRates(noise) };
}

const NO_JOURNAL: JournalState = { entries: 0, bytes: 0, keys: [], problem: null };

/** Where the rollout stands, why, and what it waits for, at this moment. */
export function statusOf(facts: StatusFacts): Status {
  const { state, ladder, verdict, decision, gathering, mirror, engine, events } = facts;
  const { id, label, phase, percent, step, revision, reason } = state;
  const steps = ladder.map((rung) => rung.percent);
  const journal = engine.journal?.() ?? NO_JOURNAL;
  const ofProxies = [journal.problem, ...(engine.warnings?.() ?? [])];
  const traffic = { ...gathering.traffic(), ...missedCounts(gathering, journal) };
  const warnings = [
    ...facts.warnings,
    ...ofProxies,
    ...mirrorWarnings(mirror),
    ...evidenceWarnings(gathering, traffic),
  ].filter((warning) => warning !== null);
  // A decision that only has to be carried out waits for what hinders it, if anything does.
  const waitingFor = decision.kind === 'hold' ? decision.waitingFor : warnings;
  return {
    rollout: { id, label, phase, percent, step, steps, revision, reason, waitingFor },
    traffic,
    mirror,
    gates: verdict.gates,
    ...(verdict.unproven && { unproven: verdict.unproven }),
    ...(facts.resumed && { resumed: facts.resumed }),
    clusters: gathering.clusters(),
    races: gathering.races(),
    ...noiseOf(gathering),
    rules: facts.rules,
    events,
    tainted: listed(gathering.taintedKeys()),
    workers: engine.workers?.() ?? gathering.workers,
    legacyReachable: engine.isReachable?.('legacy') ?? true,
    candidateReachable: engine.isReachable?.('candidate') ?? true,
    warnings: [...warnings, ...mapWarnings(facts.rules), ...lapsedSentences(facts.lapsed)],
  };
}

/** What a person should know of what was gathered, each a sentence. */
export function evidenceWarnings(gathering: Gathering, traffic: TrafficCounts): readonly string[] {
  const warnings = [unplacedWarning(traffic), gathering.areTaintsFull ? TAINTS_FULL : null];
  return warnings.filter((warning) => warning !== null);
}

/** Each key once: those with a lasting reason by that, those that only wait as `journalled`. */
export function missedCounts(gathering: Gathering, journal: JournalState): MissedCounts {
  const taintedBy: Partial<Record<TaintReason, number>> = {};
  const lasting = new Set<string>();
  for (const [key, , reason] of gathering.taintedKeys()) {
    lasting.add(key);
    taintedBy[reason] = (taintedBy[reason] ?? 0) + 1;
  }
  const journalled = journal.keys.filter(([key]) => !lasting.has(key)).length;
  if (journalled > 0) taintedBy.journalled = journalled;
  return {
    taintedKeys: lasting.size + journalled,
    taintedBy,
    journalEntries: journal.entries,
    journalBytes: journal.bytes,
  };
}

function listed(keys: readonly TaintedKey[]): readonly TaintedKeyStatus[] {
  const first = keys.slice(0, LIMITS.taintedListedMax);
  return first.map(([key, side, reason]) => ({ key, reason, side }));
}

const TAINTS_FULL =
  `more than ${LIMITS.taintedKeysMax.toLocaleString('en')} keys are tainted, so that no key can ` +
  'be told to be sound: nothing is compared until `crossfade begin`; see why in tainted keys';

/** What nobody can taint, a person has to know: from here on the sides may differ anywhere. */
function unplacedWarning({ unplacedBy = {} }: TrafficCounts): string | null {
  const each = Object.entries(unplacedBy).map(([route, count]) => `${count} of ${route}`);
  if (each.length === 0) return null;
  return (
    `writes that one side alone has, and no key says whose they are (${each.join(', ')}): what ` +
    'those wrote may differ between the sides, and would count as mismatched; `crossfade begin` ' +
    'counts anew, once both have the same again'
  );
}

function mirrorWarnings({ openBreakers, overload }: MirrorStatus): readonly (string | null)[] {
  return [
    overload === 0
      ? null
      : `a proxy is short of memory or time: it has stopped ${OVERLOAD_NAMES[overload]}`,
    ...openBreakers.map(
      (side) => `${side} fails again and again as shadow: it is left alone for a while`,
    ),
  ];
}
