import { describe, expect, it } from 'vitest';
import { type Evidence, NO_SPIKES, type RouteToProve } from '../../../src/judge/evidence.ts';
import { judge } from '../../../src/judge/verdict.ts';
import type { Verdict } from '../../../src/model/rollout.ts';
import { NO_COUNTS, type PairCounts } from '../../../src/model/window.ts';
import { gate } from '../../support/rollout.ts';

type Seen = readonly [route: string, compared: number, mismatched: number];

function countsOf(seen: readonly Seen[]): ReadonlyMap<string, PairCounts> {
  return new Map(
    seen.map(([route, compared, mismatched]) => [
      route,
      { ...NO_COUNTS, eligible: compared, compared, mismatched },
    ]),
  );
}

function verdictOf(seen: readonly Seen[], routes?: readonly RouteToProve[]): Verdict {
  const evidence: Evidence = {
    counts: countsOf(seen),
    latency: new Map(),
    resources: new Map(),
    spikes: NO_SPIKES,
    ...(routes && { routes }),
  };
  return judge([gate('mismatch.rate < 0.001%')], evidence, 5);
}

const HOUR = 3_600_000;

describe('a rare route that is wholly broken', () => {
  it('fails the gate within the hour, in a sentence that names it', () => {
    // Five requests an hour, all of them wrong, among a thousand a second that are right.
    const { gates } = verdictOf([
      ['GET /x', HOUR, 0],
      ['GET /rare', 5, 5],
    ]);
    expect(gates[0]).toMatchObject({ verdict: 'fail' });
    expect(gates[0]!.brief).toBe('mismatch rate 100.0 % > 0.001 % on GET /rare: 5 of 5 pairs');
  });

  it('is found among two hundred routes as well', () => {
    const others = Array.from({ length: 199 }, (_, i): Seen => [`GET /${i}`, 100_000, 0]);
    expect(verdictOf([...others, ['GET /rare', 6, 6]]).gates[0]!.verdict).toBe('fail');
  });

  it('is not made of one pair that mismatched', () => {
    const { gates } = verdictOf([
      ['GET /x', HOUR, 0],
      ['GET /rare', 5, 1],
    ]);
    expect(gates[0]!.verdict).toBe('pass');
  });
});

describe('an unproven route', () => {
  const rare: RouteToProve = { route: 'GET /rare', accepted: null };

  it('is one of which too little was compared, or nothing, and is listed', () => {
    const { gates, unproven, outcome } = verdictOf(
      [
        ['GET /x', 400_000, 0],
        ['GET /rare', 12, 0],
        ['GET other', 3, 0],
      ],
      [rare, { route: 'GET /never', accepted: null }, { route: 'GET /x', accepted: null }],
    );
    expect(unproven?.map(({ route, compared }) => [route, compared])).toEqual([
      ['GET /rare', 12],
      ['GET /never', 0],
      ['GET other', 3],
    ]);
    // The gate itself passes: what is open blocks the step to 100 % alone.
    expect(outcome).toBe('pass');
    expect(gates[0]!.brief).toBe(
      'mismatch rate 0 % < 0.001 %: 0 of 400,015 pairs; unproven: ' +
        'GET /rare (12 of 309 pairs), GET /never (0 of 309 pairs), GET other (3 of 309 pairs)',
    );
  });

  it('is proved by the same test as all together, at 1 %', () => {
    const seen = (compared: number): Seen[] => [
      ['GET /x', 400_000, 0],
      ['GET /rare', compared, 0],
    ];
    expect(verdictOf(seen(308), [rare]).unproven).toHaveLength(1);
    expect(verdictOf(seen(309), [rare]).unproven).toBeUndefined();
    const one = verdictOf(
      [
        ['GET /x', 10, 0],
        ['GET /rare', 500, 1],
      ],
      [rare],
    );
    expect(one.unproven).toContainEqual({
      route: 'GET /rare',
      compared: 500,
      mismatched: 1,
      needed: 780,
      accepted: null,
    });
  });

  it('says who accepts it, and is no matter where nobody climbs', () => {
    const accepted = { reason: 'a report of the year', owner: 'billing' };
    const seen: Seen[] = [['GET /x', 400_000, 0]];
    const { gates, unproven } = verdictOf(seen, [{ route: 'GET /rare', accepted }]);
    expect(gates[0]!.brief).toMatch(/pairs; 1 unproven route is accepted$/);
    expect(unproven).toMatchObject([{ route: 'GET /rare', accepted }]);
    expect(verdictOf([['GET /x', 4, 0]]).unproven).toBeUndefined();
  });
});
