import { describe, expect, it } from 'vitest';
import type { GateOutcome, GateResult, RolloutState } from '../../../src/model/rollout.ts';
import { type DecideFacts, decide } from '../../../src/rollout/decide.ts';
import { type HoldState, NO_HOLD } from '../../../src/rollout/hold-time.ts';
import { NO_PEAKS, type PeakState } from '../../../src/rollout/peaks.ts';
import { first } from '../../../src/rollout/verbs.ts';
import { step } from '../../support/rollout.ts';

function result(verdict: GateOutcome, onFail: 'rollback' | 'hold' = 'rollback'): GateResult {
  const sentence = `p99 ratio 1.31 > 1.1 over 288 windows`;
  return { gate: 'g', verdict, measured: 1.31, limit: 1.1, samples: 288, sentence, onFail };
}

function counted(ms: number): HoldState {
  return { ...NO_HOLD, countedMs: ms };
}

function seen(peaks: number): PeakState {
  return { ...NO_PEAKS, seen: peaks, sinceMs: 0, minuteStartMs: 86_400_000 };
}

function factsOf(
  state: Partial<RolloutState>,
  outcomes: readonly GateResult[],
  over: Partial<DecideFacts> = {},
): DecideFacts {
  return {
    state: {
      ...first({ label: 'build', salt: 'salt', proof: '' }, 0),
      stepElapsedMs: 5000,
      ...state,
    },
    ladder: [step(0), step(1), step(100, 5000, { approve: true, peaks: 3 })],
    verdict: { outcome: 'pass', gates: outcomes },
    hasKey: true,
    peaks: { ...NO_PEAKS, seen: 3 },
    hold: counted(state.stepElapsedMs ?? 5000),
    mirrorPause: '',
    splitProblem: '',
    ...over,
  };
}

const pass = result('pass');
const fail = result('fail');
const unsure = result('inconclusive');

describe('a decision', () => {
  it.each<[string, DecideFacts, string]>([
    ['advances when all passes', factsOf({}, [pass]), 'advance'],
    ['advances without gates', factsOf({}, []), 'advance'],
    ['holds before the hold is over', factsOf({ stepElapsedMs: 4999 }, [pass]), 'hold'],
    ['holds while a gate is inconclusive', factsOf({}, [pass, unsure]), 'hold'],
    ['holds at 0 % when a gate fails', factsOf({}, [fail]), 'hold'],
    ['rolls back above 0 %', factsOf({ step: 1, percent: 1 }, [pass, fail]), 'rollback'],
    [
      'holds above 0 % where the gate says so',
      factsOf({ step: 1, percent: 1 }, [result('fail', 'hold')]),
      'hold',
    ],
    [
      'rolls back a held rollout',
      factsOf({ step: 1, percent: 1, phase: 'held', heldBy: 'person' }, [fail]),
      'rollback',
    ],
    [
      'rolls back a complete rollout',
      factsOf({ step: 2, percent: 100, phase: 'complete' }, [fail]),
      'rollback',
    ],
    [
      'leaves a complete rollout alone',
      factsOf({ step: 2, percent: 100, phase: 'complete' }, [unsure]),
      'hold',
    ],
    ['stays rolled back whatever gates say', factsOf({ phase: 'rolled-back' }, [pass]), 'hold'],
    ['stays held whatever gates say', factsOf({ phase: 'held', heldBy: 'person' }, [pass]), 'hold'],
    ['stays at 0 % without a key', factsOf({}, [pass], { hasKey: false }), 'hold'],
    ['waits for approval', factsOf({ step: 2, percent: 100 }, [pass]), 'hold'],
    [
      'completes the last step',
      factsOf({ step: 2, percent: 100, isApproved: true }, [pass]),
      'complete',
    ],
    [
      'waits for peaks',
      factsOf({ step: 2, percent: 100, isApproved: true }, [pass], { peaks: seen(2) }),
      'hold',
    ],
  ])('%s', (_title, facts, kind) => {
    expect(decide(facts).kind).toBe(kind);
  });

  it('names everything it waits for, with what is left of it', () => {
    const facts = factsOf({ step: 2, percent: 100, stepElapsedMs: 1200 }, [unsure], {
      peaks: seen(1),
    });
    expect(decide(facts)).toEqual({
      kind: 'hold',
      waitingFor: [
        '4s more of the 5s hold at 100 %',
        'evidence: p99 ratio 1.31 > 1.1 over 288 windows',
        'traffic peaks: 1 of 3 seen at 100 % (half hours within 80 % of the highest so far, of ' +
          '24 h: seven days are not seen yet); expected in about 2 days at one a day',
        'approval to leave 100 %: crossfade approve --reason …',
      ],
    });
  });

  it('holds while the keys are not split as the percent says', () => {
    const decision = decide(
      factsOf({ step: 1, percent: 1 }, [pass], { splitProblem: '3 % of 900 sampled keys' }),
    );
    expect(decision).toEqual({
      kind: 'hold',
      waitingFor: ['a fault of the routing: 3 % of 900 sampled keys'],
    });
  });

  it('does not put all clients on a candidate with routes that nobody has proved', () => {
    const open = { route: 'GET /rare', compared: 3, mismatched: 0, needed: 308 } as const;
    const at = (ladderStep: number, accepted: { reason: string; owner: string } | null) => {
      const verdict = {
        outcome: 'pass',
        gates: [pass],
        unproven: [{ ...open, accepted }],
      } as const;
      const percent = ladderStep === 1 ? 1 : 0;
      return decide(factsOf({ step: ladderStep, percent }, [pass], { verdict }));
    };
    expect(at(0, null).kind).toBe('advance');
    expect(at(1, { reason: 'a report of the year', owner: 'billing' }).kind).toBe('advance');
    expect(at(1, null)).toEqual({
      kind: 'hold',
      waitingFor: [
        'unproven: GET /rare (3 of 308 pairs): more of their pairs, or ' +
          '`unproven: { as: accept, reason: …, owner: … }` of the route',
      ],
    });
  });
});
