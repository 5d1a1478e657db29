/** What a climb remembers of harm, from step to step. */
import { describe, expect, it } from 'vitest';
import {
  type CarriedHarm,
  type Evidence,
  gateKey,
  type LatencyEvidence,
  NO_LATENCY,
  NO_SPIKES,
} from '../../../src/judge/evidence.ts';
import { carriedHarm, judge } from '../../../src/judge/verdict.ts';
import { binomial, createRandom } from '../../../src/kit/random.ts';
import { gate } from '../../support/rollout.ts';
import { NO_COUNTS, type PairCounts } from '../../../src/model/window.ts';

const STEPS = 5;
const GATES = [
  gate('mismatch.rate < 0.1%'),
  gate('errors.excess < 0.1%'),
  gate('errors.ratio < 2'),
  gate('latency.p99.ratio < 1.1'),
  gate('coverage > 99%'),
];

function evidenceOf(
  routes: Readonly<Record<string, Partial<PairCounts>>>,
  carried?: CarriedHarm,
  latency: Partial<LatencyEvidence> = {},
): Evidence {
  const counts = Object.entries(routes).map(
    ([route, each]) => [route, { ...NO_COUNTS, ...each }] as const,
  );
  return {
    counts: new Map(counts),
    latency: new Map([[gateKey(GATES[3]!), { ...NO_LATENCY, ...latency }]]),
    resources: new Map(),
    spikes: NO_SPIKES,
    ...(carried && { carried }),
  };
}

function verdicts(evidence: Evidence): readonly string[] {
  return judge(GATES, evidence, STEPS).gates.map(({ verdict }) => verdict);
}

describe('harm of earlier steps', () => {
  const rare = { eligible: 2, pairs: 2, compared: 2, mismatched: 2 };
  const common = { eligible: 50_000, pairs: 50_000, compared: 50_000 };

  it('is not forgotten: a route that is wrong twice at each step fails at the second', () => {
    const first = evidenceOf({ 'GET /rare': rare, 'GET /x': common });
    expect(verdicts(first)[0]).toBe('pass');
    const second = evidenceOf({ 'GET /x': common, 'GET /rare': rare }, carriedHarm(GATES, first));
    const [result] = judge(GATES, second, STEPS).gates;
    expect(result).toMatchObject({ verdict: 'fail', samples: 4 });
    expect(result?.brief).toBe('mismatch rate 100.0 % > 0.1 % on GET /rare: 4 of 4 pairs');
  });

  it('adds up in rates and ratios of errors, and the sentence says so', () => {
    const wrong = { ...common, pairs: 4000, compared: 4000, eligible: 4000 };
    const bad = { ...wrong, mismatched: 13, candidateOnlyErrors: 13, legacyOnlyErrors: 1 };
    let carried: CarriedHarm | undefined;
    const failed: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const evidence = evidenceOf({ 'GET /x': bad }, carried);
      for (const { gate: name, verdict, brief } of judge(GATES, evidence, STEPS).gates) {
        if (verdict === 'fail') failed.push(`${step} ${name}: ${brief}`);
      }
      if (failed.length > 0) break;
      carried = carriedHarm(GATES, evidence);
    }
    expect(failed.join('\n')).toContain('in all steps so far');
    expect(failed[0]).not.toMatch(/^0/);
  });

  it('adds up in windows', () => {
    const points = (count: number, candidateUs: number) => ({
      points: Array.from({ length: count }, () => ({ legacyUs: 1000, candidateUs })),
      pairs: 400 * count,
    });
    const some = evidenceOf({}, undefined, points(10, 1200));
    expect(verdicts(some)[3]).toBe('inconclusive');
    const carried = carriedHarm(GATES, some);
    expect(verdicts(evidenceOf({}, carried, points(10, 1200)))[3]).toBe('fail');
    expect(verdicts(evidenceOf({}, undefined, points(10, 1200)))[3]).toBe('inconclusive');
  });

  it('leaves a pass to the step itself', () => {
    const good = evidenceOf({ 'GET /x': common });
    const carried = carriedHarm(GATES, good);
    expect(verdicts(evidenceOf({ 'GET /x': { compared: 10 } }, carried))[0]).toBe('inconclusive');
    const wrong = carriedHarm(GATES, evidenceOf({ 'GET /x': { compared: 900, mismatched: 1 } }));
    expect(verdicts(evidenceOf({ 'GET /x': common }, wrong))[0]).toBe('pass');
  });

  it('alarms wrongly in no more than one climb of a hundred', () => {
    const random = createRandom(7);
    const climbs = 400;
    let alarms = 0;
    for (let climb = 0; climb < climbs; climb += 1) {
      let carried: CarriedHarm | undefined;
      let hasFailed = false;
      for (let step = 0; step < STEPS && !hasFailed; step += 1) {
        let seen = NO_COUNTS;
        let evidence = evidenceOf({});
        for (let look = 0; look < 10 && !hasFailed; look += 1) {
          const mismatched = binomial(random, 500, 0.001);
          seen = {
            ...seen,
            compared: seen.compared + 500,
            mismatched: seen.mismatched + mismatched,
          };
          evidence = evidenceOf({ 'GET /x': seen }, carried);
          hasFailed = judge(GATES.slice(0, 1), evidence, STEPS).outcome === 'fail';
        }
        carried = carriedHarm(GATES.slice(0, 1), evidence);
      }
      if (hasFailed) alarms += 1;
    }
    expect(alarms / climbs).toBeLessThanOrEqual(0.01);
  });
});
