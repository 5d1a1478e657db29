/**
 * What a rollout's store tells where no controller serves it: the verdict as it was judged and
 * made durable with the evidence, and beside it what the evidence shows. Judges nothing.
 */
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { GateOutcome, Status } from '../model/rollout.ts';
import { bytesOf } from '../proxy/missed/write-journal.ts';
import type { StoredMissedWrite } from '../store/missed-writes.ts';
import type { RolloutStore } from '../store/rollout-store.ts';
import type { JournalState } from './engine.ts';
import { Gathering } from './gathering.ts';
import { evidenceWarnings, missedCounts } from './status.ts';

/** What a report says of a rollout, whoever tells it. */
export interface RolloutFacts
  extends Pick<Status, 'traffic' | 'gates' | 'unproven' | 'clusters' | 'events' | 'warnings'> {
  readonly rollout: Pick<
    Status['rollout'],
    'id' | 'label' | 'phase' | 'percent' | 'reason' | 'waitingFor'
  >;
  /** Of all gates; inconclusive where nothing of the step was judged yet. */
  readonly outcome: GateOutcome;
  /** Of evidence that was stored: the end of its newest window, and the step's judged time. */
  readonly stored?: { readonly untilMs: number | null; readonly elapsedMs: number };
}

/**
 * The newest rollout as its last write left it, to the byte what its controller said with that;
 * null in a store without one. What a rollout waits for is told by the settings and not by the
 * store: of that each gate says its own part.
 */
export function storedFacts(
  store: RolloutStore,
  missed: readonly StoredMissedWrite[],
  clock: Clock,
): RolloutFacts | null {
  const stored = store.load();
  if (stored === null) return null;
  const { id, label, phase, percent, reason, stepElapsedMs } = stored.state;
  const gathering = new Gathering([], clock, store.tainted());
  const judged = gathering.restore(stored, stored.state);
  const traffic = { ...gathering.traffic(), ...missedCounts(gathering, journalOf(missed)) };
  const unproven = judged?.verdict.unproven;
  return {
    rollout: { id, label, phase, percent, reason, waitingFor: [] },
    traffic,
    gates: judged?.verdict.gates ?? [],
    ...(unproven && { unproven }),
    outcome: judged?.verdict.outcome ?? 'inconclusive',
    clusters: gathering.clusters(),
    events: store.events(0, LIMITS.eventsMax),
    warnings: evidenceWarnings(gathering, traffic),
    stored: { untilMs: judged?.untilMs ?? null, elapsedMs: stepElapsedMs },
  };
}

function journalOf(missed: readonly StoredMissedWrite[]): JournalState {
  const keys = missed.flatMap(({ write }) => write.keys.map((key) => [key, write.truth] as const));
  return {
    entries: missed.length,
    bytes: missed.reduce((sum, { write }) => sum + bytesOf(write), 0),
    keys: [...new Map(keys)],
    problem: null,
  };
}
