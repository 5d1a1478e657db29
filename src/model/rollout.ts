import type { Side } from './exchange.ts';
import type { ClusterRow } from './cluster.ts';
import type { NoiseStatus } from './noise.ts';
import type { DivergenceKind, RuleCount } from './pair.ts';
import type { Race } from './race.ts';
import type { RuleForm } from './settings.ts';
import type { TaintReason, TrafficCounts } from './window.ts';

/**
 * climbing: judged, and may move up. held: judged, stays (a person, or a failing hold gate).
 * rolled-back: at the safe target until resumed. complete: the last step has passed.
 */
export type Phase = 'climbing' | 'held' | 'rolled-back' | 'complete';

export type GateOutcome = 'pass' | 'fail' | 'inconclusive';

/** One gate's answer: always with measured value, limit, sample size and a human sentence. */
export interface GateResult {
  /** The gate as written in the configuration. */
  readonly gate: string;
  readonly verdict: GateOutcome;
  /** Null when nothing could be measured yet. */
  readonly measured: number | null;
  /** Where it lies, whenever one looks, with a chance of error of `alpha`; null: no bound. */
  readonly interval?: readonly [lower: number, upper: number | null] | undefined;
  readonly limit: number;
  readonly samples: number;
  /** Chance of a wrong pass, and of a wrong failure: this gate's share of a whole climb's. */
  readonly alpha?: number;
  readonly harmAlpha?: number;
  /** What keeps it from passing, and when that is expected; absent where nothing does. */
  readonly missing?: string | undefined;
  /** Milliseconds until it is expected to pass, as things go; absent where nobody can say. */
  readonly expectedInMs?: number | undefined;
  /** Measured value, limit and samples: what the event log says. Absent: as the sentence. */
  readonly brief?: string;
  /** All of it: also where the value lies, what the answer may err by, and what is missing. */
  readonly sentence: string;
  readonly onFail: 'rollback' | 'hold';
}

/** A route of which too little was compared to say anything of it alone. */
export interface UnprovenRoute {
  readonly route: string;
  readonly compared: number;
  readonly mismatched: number;
  /** Pairs that it takes, all in all, if no more of them mismatch. */
  readonly needed: number;
  /** Milliseconds until they are there, as things go; absent where nobody can say. */
  readonly expectedInMs?: number;
  /** Who accepts it, and why; null: nobody does, and 100 % is not reached. */
  readonly accepted: { readonly reason: string; readonly owner: string } | null;
}

export interface Verdict {
  readonly outcome: GateOutcome;
  readonly gates: readonly GateResult[];
  /** Absent: every route is proved, or no gate asks for it. */
  readonly unproven?: readonly UnprovenRoute[];
}

/** What the evidence said when it was last written, and until when its windows reach. */
export interface JudgedWindows {
  /** End of the newest window of the latency gates; null without one. Wall clock. */
  readonly untilMs: number | null;
  readonly verdict: Verdict;
}

/** What the stored evidence says, judged anew after a restart. */
export interface ResumedVerdict extends JudgedWindows {
  /** Whether that is, to the byte, what was written with it before. */
  readonly isSame: boolean;
}

export type Decision =
  | { readonly kind: 'hold'; readonly waitingFor: readonly string[] }
  | { readonly kind: 'advance'; readonly toStep: number; readonly reason: string }
  | { readonly kind: 'rollback'; readonly reason: string }
  | { readonly kind: 'complete'; readonly reason: string };

/** One rollout as it is stored; all a restart needs. */
export interface RolloutState {
  readonly id: number;
  /** Label of the candidate build. */
  readonly label: string;
  readonly phase: Phase;
  readonly step: number;
  readonly percent: number;
  readonly safeTarget: number;
  readonly revision: number;
  readonly salt: string;
  readonly startedAtMs: number;
  /** Judged time spent in this step so far; pauses and downtime do not count. */
  readonly stepElapsedMs: number;
  readonly stepStartedAtMs: number;
  readonly isApproved: boolean;
  /** Why the phase is held: a person leaves it by resume, a gate by failing no more. */
  readonly heldBy: 'person' | 'gate' | null;
  /** The sentence of the last decision. */
  readonly reason: string;
  /** Digest of the settings under which the step's evidence is gathered: proof of no others. */
  readonly proof: string;
  /** Absent where nobody has ever ordered anything of the mirror. */
  readonly mirror?: MirrorOrders;
}

/** What a person has ordered of the mirror while it runs; outlasts restarts and new builds. */
export interface MirrorOrders {
  /** Why nothing is mirrored; '' while mirroring is on. */
  readonly pause: string;
  /** 0 to 100; null: as configured. */
  readonly percent: number | null;
  /** All proxies together; null: as configured. */
  readonly maxRatePerSec: number | null;
}

/** Legacy's own live answers in seconds with mirroring, beside those in seconds without. */
export interface MirrorHarm {
  readonly p99WithUs: number;
  readonly p99WithoutUs: number;
  readonly p99Ratio: number;
  /** Share of failed requests with mirroring less that without. */
  readonly errorsExcessRatio: number;
  readonly answersWith: number;
  readonly answersWithout: number;
  /** Beyond a limit of `mirror.autoPause`. */
  readonly isBeyond: boolean;
  /** Measured value, limit and samples. */
  readonly sentence: string;
}

/** How mirroring stands, all proxies together. */
export interface MirrorStatus {
  readonly percent: number;
  readonly maxRatePerSec: number | null;
  /** Why nothing is mirrored; '' while mirroring is on. */
  readonly pause: string;
  readonly pausedBy: 'person' | 'auto-pause' | null;
  /** Null without `mirror.autoPause`, and before there are enough answers. */
  readonly harm: MirrorHarm | null;
  /** The worst of the proxies: 0 (all is well) to 5; see {@link MirrorState}. */
  readonly overload: number;
  /** Sides that some proxy leaves alone as shadow, for it fails again and again. */
  readonly openBreakers: readonly Side[];
  readonly outstanding: number;
  readonly heldBytes: number;
}

export interface RolloutEvent {
  readonly id: number;
  readonly rollout: number;
  readonly atMs: number;
  /** start, begin, advance, hold, resume, promote, approve, rollback, complete, warning … */
  readonly kind: string;
  readonly percent: number;
  readonly sentence: string;
}

/** A key that is not judged, as people see it. */
export interface TaintedKeyStatus {
  readonly key: string;
  readonly reason: TaintReason;
  /** The side that has every write of it. */
  readonly side: Side;
}

/**
 * used: it has hidden something. unused: nothing yet. expired: it holds no more. off: a map that
 * has failed too often. removed: no longer in the configuration.
 */
export type RuleState = 'used' | 'unused' | 'expired' | 'off' | 'removed';

/** One compare rule and what it hid of this rollout. */
export interface RuleStatus extends RuleCount {
  /** By its `match`; null: it holds for all, or is removed. */
  readonly route: string | null;
  readonly path: string;
  /** Null where it is removed. */
  readonly as: RuleForm | null;
  /** None: all. */
  readonly kinds: readonly DivergenceKind[];
  readonly reason: string;
  readonly owner: string;
  /** Its last day; '' for ever. */
  readonly until: string;
  readonly state: RuleState;
}

/** What `crossfade status --json` prints. */
export interface Status {
  readonly rollout: {
    readonly id: number;
    readonly label: string;
    readonly phase: Phase;
    readonly percent: number;
    readonly step: number;
    readonly steps: readonly number[];
    readonly revision: number;
    readonly reason: string;
    readonly waitingFor: readonly string[];
  };
  readonly traffic: TrafficCounts;
  readonly mirror: MirrorStatus;
  readonly gates: readonly GateResult[];
  /** Absent: none, or no gate asks for it. */
  readonly unproven?: readonly UnprovenRoute[];
  /** Absent where nothing of this step was stored at the start, and once another build began. */
  readonly resumed?: ResumedVerdict;
  readonly clusters: readonly ClusterRow[];
  /** The newest races, each with the write that overlapped with it. */
  readonly races: readonly Race[];
  /** What legacy shows against itself, of the proxies that work now; absent: nobody asks. */
  readonly noise?: NoiseStatus;
  /** Every compare rule, with what it hid. */
  readonly rules: readonly RuleStatus[];
  readonly events: readonly RolloutEvent[];
  /** Some of the keys that stay tainted until both sides were seen to agree, the oldest first. */
  readonly tainted: readonly TaintedKeyStatus[];
  readonly workers: number;
  readonly legacyReachable: boolean;
  readonly candidateReachable: boolean;
  /** What a person should know now: decisions not yet on disk, stalls of the proxy … */
  readonly warnings: readonly string[];
}
