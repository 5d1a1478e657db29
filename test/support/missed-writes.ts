import type { MissedWrite, ReplayEnd } from '../../src/model/missed-write.ts';
import { CatchUp, type CatchUpParts } from '../../src/proxy/missed/catch-up.ts';
import type { JournalEntry } from '../../src/proxy/missed/write-journal.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';

/** A write of user `a` that legacy had from 10 to 20 µs, but for `changes`. */
export function missedWrite(changes: Partial<MissedWrite> = {}): MissedWrite {
  return {
    keys: ['a'],
    truth: 'legacy',
    isIdempotent: true,
    isRaced: false,
    arrivedUs: 10,
    endedUs: 20,
    method: 'PUT',
    target: '/u/a',
    headers: ['Host', 'a.example'],
    body: null,
    ...changes,
  };
}

/** Writes one after the other, named by their targets. */
export function inTurn(count: number, changes: Partial<MissedWrite> = {}): readonly MissedWrite[] {
  return Array.from({ length: count }, (_, i) =>
    missedWrite({
      target: `/${i + 1}`,
      arrivedUs: 100 * (i + 1),
      endedUs: 100 * (i + 1) + 50,
      ...changes,
    }),
  );
}

/** A catch-up whose side answers as told, and what it was sent and what it has said. */
export interface CatchUpStage {
  readonly clock: SimulatedClock;
  readonly catchUp: CatchUp;
  /** How the side answers; null: not yet. */
  answer: (entry: JournalEntry) => ReplayEnd | null;
  /** Targets in the order in which they were sent. */
  readonly sent: string[];
  /** Sent and not answered. */
  readonly open: Map<string, (end: ReplayEnd) => void>;
  readonly said: string[];
  canReplay: boolean;
  canGrant: boolean;
  readonly granted: string[];
}

export function stageCatchUp(parts: Partial<CatchUpParts> = {}): CatchUpStage {
  const clock = createSimulatedClock();
  const stage: Omit<CatchUpStage, 'catchUp'> = {
    clock,
    answer: () => 'done',
    sent: [],
    open: new Map(),
    said: [],
    canReplay: true,
    canGrant: true,
    granted: [],
  };
  const catchUp = new CatchUp({
    clock,
    canReplay: () => stage.canReplay,
    grant: (entries) => {
      if (stage.canGrant) stage.granted.push(...entries.map(({ write }) => write.target));
      return stage.canGrant;
    },
    ungrant: (entries) => {
      for (const { write } of entries) stage.granted.splice(stage.granted.indexOf(write.target), 1);
    },
    settleMs: () => 0,
    replay: (entry, ended) => {
      stage.sent.push(entry.write.target);
      const end = stage.answer(entry);
      if (end === null) stage.open.set(entry.write.target, ended);
      else ended(end);
    },
    observer: {
      held: (keys) => stage.said.push(...keys.map(([key, truth]) => `held ${key} ${truth}`)),
      released: (keys) => stage.said.push(...keys.map((key) => `released ${key}`)),
      tainted: (keys) => stage.said.push(...keys.map(([key, , why]) => `tainted ${key} ${why}`)),
      added: () => undefined,
      removed: () => undefined,
    },
    ...parts,
  });
  return Object.assign(stage, { catchUp });
}
