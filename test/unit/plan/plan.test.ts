import { describe, expect, test } from 'vitest';
import { planText } from '../../../src/cli/plan-view.ts';
import { parseDurationMs } from '../../../src/kit/units.ts';
import { lengthen } from '../../../src/plan/lengthen.ts';
import { type Plan, planLadder, problemsOf, subjectOf } from '../../../src/plan/plan.ts';
import { ASSUMED_TRAFFIC, type PlanTraffic } from '../../../src/plan/traffic.ts';
import { settled } from '../../support/configurations.ts';

const KEY = `key: { from: header, name: x-user }
state: shared
`;

function planned(text: string, ratePerSec: number, traffic: PlanTraffic = ASSUMED_TRAFFIC): Plan {
  return planLadder(settled(text), ratePerSec, traffic);
}

/** One gate on a ladder of one step. */
function oneGate(gate: string, hold: string): string {
  return `${KEY}ladder: [{ percent: 0, hold: ${hold} }]
gates: [${gate}]
mirror: { autoPause: off }
`;
}

function problems(text: string, ratePerSec: number): readonly string[] {
  return problemsOf(planned(text, ratePerSec)).map((each) => `${each.step} %: ${subjectOf(each)}`);
}

describe('the shipped ladder', () => {
  const fast = planned(KEY, 5000);
  const slow = planned(KEY, 200);

  test('can be climbed at 5,000 requests a second', () => {
    expect(problemsOf(fast)).toEqual([]);
  });

  test('is refused at 200: two days at 1 % show too little of the p99.9', () => {
    expect(problemsOf(slow)).toContainEqual(
      expect.objectContaining({ step: 1, gate: 'latency.p99.9.ratio < 1.10' }),
    );
  });

  test('is refused at 200 by windows too: none has enough live answers at 1 %', () => {
    const { outlook, why, mend } = problemsOf(slow).find(
      ({ gate }) => gate === 'latency.p99.ratio < 1.05',
    )!;
    expect(outlook).toBe('thin');
    expect(why).toBe(
      'a window of 10s has about 19 live answers of the candidate, and 100 are needed',
    );
    expect(mend).toBe('window: 53s');
  });

  test('is lengthened at 200 until it can be met, and each length is said', () => {
    const { settings, changes } = lengthen(settled(KEY), 200, ASSUMED_TRAFFIC);
    expect(problemsOf(planLadder(settings, 200, ASSUMED_TRAFFIC))).toEqual([]);
    expect(changes.join('\n')).toMatch(
      /at 1 %, latency\.p99\.9\.ratio < 1\.10: .*\. Lengthened: window: \d+s, not 10s$/m,
    );
    expect(changes.join('\n')).toMatch(/at 1 %, latency.*\. Lengthened: hold: \d+d, not 2d$/m);
    expect(lengthen(settled(KEY), 5000, ASSUMED_TRAFFIC).changes).toEqual([]);
  });

  test('is shown with every gate in each table, and marks what is refused', () => {
    const text = planText(slow, settled(KEY).gates, false);
    expect(text).toMatch(/^latency\.p99\.9\.ratio < 1\.10 .*[smh] !/m);
    expect(text.match(/^mismatch\.rate < 0\.001% /gm)).toHaveLength(2);
    expect(text).toContain('309,833 pairs');
  });

  test('stays at 0 % without a key, and only that is planned', () => {
    const plan = planned('', 5000);
    expect(plan.steps.map(({ percent }) => percent)).toEqual([0]);
    expect(planText(plan, settled('').gates, false)).toContain('Without a key');
  });

  test('takes longer to fail a rate after the first step: half the chance is the climb’s', () => {
    const excess = fast.steps.map(({ gates }) => gates[1]!);
    expect(new Set(excess.map(({ gate }) => gate))).toEqual(new Set(['errors.excess < 0.01%']));
    const [first, ...later] = excess.map(({ regressions }) => regressions[0]!.samples!);
    for (const samples of later) expect(samples).toBeGreaterThan(1.02 * first!);
    expect(new Set(later).size).toBe(1);
  });

  test('finds what is worse sooner, and what is less bad in a longer hold', () => {
    const { steps } = fast;
    for (const { gates } of steps) {
      for (const { regressions } of gates) {
        const times = regressions.flatMap(({ afterMs }) => (afterMs === null ? [] : [afterMs]));
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      }
    }
    const [short, long] = steps.map(({ gates }) => gates[0]!.finds!);
    expect(long).toBeLessThan(short!);
    expect(long).toBeGreaterThan(1e-5);
  });
});

describe('a rate', () => {
  test('of 1 in 100,000 takes 309,833 pairs without a mismatch, and the time they take', () => {
    const { steps } = planned(oneGate('mismatch.rate < 0.001%', '1h'), 5000);
    const [gate] = steps[0]!.gates;
    expect(gate!.needs).toEqual({ samples: 309_833, unit: 'pairs' });
    expect(gate!.passesAfterMs).toBe(61_967);
  });

  test('takes longer where fewer requests are compared', () => {
    const text = oneGate('mismatch.rate < 0.001%', '1h');
    const limited = text.replace('mirror: {', 'mirror: { maxRate: 100,');
    const { steps } = planned(limited, 5000);
    expect(steps[0]!.pairsPerSec).toBe(100);
    expect(steps[0]!.gates[0]!.passesAfterMs).toBe(3_098_330);
  });

  test('that no hold can prove is refused, and both ways to mend it do', () => {
    const refused = planned(oneGate('mismatch.rate < 0.001%', '1h'), 50);
    const [problem] = problemsOf(refused);
    expect(problem).toMatchObject({ step: 0, gate: 'mismatch.rate < 0.001%' });
    expect(problem!.why).toBe('it needs 309,833 pairs without one, and 1h bring 180,000');
    const [, hold = '', limit = ''] = /^hold: (\S+), or a limit of (\S+) %$/.exec(problem!.mend)!;
    expect(problems(oneGate('mismatch.rate < 0.001%', hold), 50)).toEqual([]);
    expect(problems(oneGate(`mismatch.rate < ${limit}%`, '1h'), 50)).toEqual([]);
    expect(parseDurationMs(hold)).toBe(2 * 3_600_000);
  });

  test('of coverage is planned as what is compared', () => {
    const { steps } = planned(oneGate('coverage > 99.9%', '1h'), 500);
    const [gate] = steps[0]!.gates;
    expect(gate!.finds).toBeGreaterThan(0.99);
    expect(gate!.finds).toBeLessThan(0.999);
    expect(problemsOf(planned(oneGate('coverage > 99.9%', '2s'), 500))[0]!.mend).toContain('99.');
  });
});

describe('a quantile', () => {
  test('is refused where it has too few requests: p99.99 at 50 a second', () => {
    expect(problems(`${KEY}gates: [latency.p99.99.ratio < 1.2]`, 50)).toEqual(
      [0, 1, 10, 50, 100].map((percent) => `${percent} %: latency.p99.99.ratio < 1.2`),
    );
  });

  test('that is refused says for how long to hold, or which quantile would do', () => {
    const [problem] = problemsOf(planned(oneGate('latency.p99.99.ratio < 1.2', '1h'), 50));
    expect(problem!.why).toMatch(/ 18 are expected beyond the p99\.99/);
    const [, hold = '', lower = ''] = /^hold: (\S+), or latency\.(\S+)\.ratio$/.exec(
      problem!.mend,
    )!;
    expect(problems(oneGate('latency.p99.99.ratio < 1.2', hold), 50)).toEqual([]);
    expect(problems(oneGate(`latency.${lower}.ratio < 1.2`, '1h'), 50)).toEqual([]);
  });

  test('without a window that has enough pairs says how long one must be', () => {
    const [problem] = problemsOf(planned(oneGate('latency.p50.ratio < 1.2', '5h'), 1));
    expect(problem!.mend).toBe('window: 100s');
    const longer = oneGate('{ gate: latency.p50.ratio < 1.2, window: 100s }', '5h');
    expect(problems(longer, 1)).toEqual([]);
  });

  test('of a candidate that is as fast passes, and twice as slow fails, in few windows', () => {
    const { steps } = planned(oneGate('latency.p99.ratio < 1.05', '1h'), 5000);
    const [gate] = steps[0]!.gates;
    expect(gate!.needs!.samples).toBeLessThan(20);
    expect(gate!.regressions.find(({ size }) => size === 2)!.samples).toBeLessThan(30);
    expect(gate!.finds).toBeGreaterThan(1.05);
    expect(gate!.finds).toBeLessThan(1.15);
  });
});

describe('a quantile of a step with two live sides', () => {
  const P50 = 'latency.p50.ratio < 1.2';
  const P99 = 'latency.p99.ratio < 1.05';
  const refused = (percent: number, hold: string, gate: string, ratePerSec: number) => {
    const ladder = `ladder: [{ percent: 0, hold: 0s }, { percent: ${percent}, hold: ${hold} }]`;
    const text = `${KEY}${ladder}\ngates: [${gate}]\nmirror: { autoPause: off }\n`;
    return problemsOf(planned(text, ratePerSec))[0];
  };

  test('is refused by what each of them has in a window, not by both together', () => {
    expect(refused(50, '5h', P50, 15)).toEqual({
      step: 50,
      gate: P50,
      route: null,
      outlook: 'unforeseen',
      why:
        'a window of 10s has about 75 live answers of the candidate and about 75 of legacy, and ' +
        '100 of one side are needed',
      mend: 'window: 14s',
      windowMs: 14_000,
    });
  });

  test.each([1, 10, 30, 50, 70, 90, 99])('at %d percent has a window that mends it', (percent) => {
    for (const ratePerSec of [3, 11, 15]) {
      const problem = refused(percent, '90d', P50, ratePerSec);
      if (problem === undefined) continue;
      expect(problem.windowMs).toBeGreaterThan(10_000);
      const mended = `{ gate: ${P50}, window: ${problem.windowMs! / 1000}s }`;
      expect(refused(percent, '90d', mended, ratePerSec)).toBeUndefined();
    }
  });

  test.each([
    ['thin', '2d', P99, /^a window of 10s has about 5 live .* 100 are needed$/, /^window: 4m$/],
    [
      'late',
      '10m',
      P99,
      /^it needs \d+ windows of 10s, and the hold is 10m; besides, a window of 10s has about 5 /,
      /^window: 4m, and hold: \d+h$/,
    ],
    [
      'unforeseen',
      '2d',
      'latency.p99.ratio < 1.001',
      /^a candidate as fast as legacy would not pass within 500 windows; besides, a window of 10s /,
      /^window: 4m at least, and a higher limit$/,
    ],
  ])('of too few live answers is %s, as a run would see it', (outlook, hold, gate, why, mend) => {
    expect(refused(1, hold, gate, 50)).toMatchObject({
      outlook,
      why: expect.stringMatching(why),
      mend: expect.stringMatching(mend),
    });
  });
});

describe('other gates on latency', () => {
  const recorded = (valueUs: number): PlanTraffic['shape'] => ({
    ...ASSUMED_TRAFFIC.shape,
    valueUs: () => valueUs,
  });

  test('a time is planned by what legacy takes, and refused where that is longer', () => {
    const text = oneGate('latency.p99 < 50ms', '1h');
    const plan = planned(text, 5000, { ...ASSUMED_TRAFFIC, shape: recorded(40_000) });
    const [gate] = plan.steps[0]!.gates;
    expect(problemsOf(plan)).toEqual([]);
    expect(gate!.finds).toBeGreaterThan(50_000);
    expect(gate!.finds).toBeLessThan(60_000);
    const slow = planned(text, 5000, { ...ASSUMED_TRAFFIC, shape: recorded(80_000) });
    expect(problemsOf(slow)[0]!.why).toBe(
      'a candidate as fast as legacy, which takes 80.0 ms there, would not pass within 500 windows',
    );
  });

  test('ratios within pairs are known from a recording alone, but for their median', () => {
    expect(problems(oneGate('latency.paired.p50.ratio < 1.05', '1h'), 5000)).toEqual([]);
    const text = oneGate('latency.paired.p99.ratio < 1.5', '1h');
    expect(planned(text, 5000).steps[0]!.gates[0]!.pairsPerSec).toBeNull();
    const close = planned(text, 5000, { ...ASSUMED_TRAFFIC, ratios: recorded(1200) });
    expect(problemsOf(close)).toEqual([]);
    const apart = planned(text, 5000, { ...ASSUMED_TRAFFIC, ratios: recorded(1800) });
    expect(problemsOf(apart)[0]!.why).toContain('with a ratio of 1.80 there');
  });

  test('a guard against burning needs its windows, and finds what burns', () => {
    const { steps } = planned(oneGate('latency.p99.burn < 10', '1h'), 5000);
    const [gate] = steps[0]!.gates;
    expect(gate!.needs).toEqual({ samples: 12, unit: 'windows' });
    expect(gate!.finds).toBeGreaterThan(10);
    expect(gate!.regressions.map(({ afterMs }) => afterMs)).not.toContain(null);
    expect(problems(oneGate('latency.p99.burn < 10', '1m'), 5000)).toHaveLength(1);
  });
});

describe('a hold', () => {
  test('that is too short for windows or quiet seconds is refused', () => {
    expect(problems(oneGate('candidate.spikes = none', '10s'), 5000)).toHaveLength(1);
    expect(problems(oneGate('latency.p99.ratio < 1.05', '10s'), 5000)).toHaveLength(1);
  });

  test('of none waits until the gates pass, and refuses nothing', () => {
    const text = oneGate('mismatch.rate < 0.001%', '0s');
    expect(problems(text, 1)).toEqual([]);
  });
});

describe('what is refused', () => {
  /** What the gate's own judge would say of a sound candidate, were the step to wait. */
  const outlookOf = (gate: string, hold: string, ratePerSec: number) => {
    const plan = planned(oneGate(gate, hold), ratePerSec);
    const [problem] = problemsOf(plan);
    return [problem?.outlook, plan.steps[0]!.gates[0]!.passesAfterMs !== null];
  };

  test.each([
    ['mismatch.rate < 0.001%', '1h', 50, 'late', true],
    ['latency.p99.ratio < 1.05', '10s', 5000, 'late', true],
    ['candidate.spikes = none', '10s', 5000, 'late', true],
    ['candidate.spikes = none', '1m', 55, 'late', true],
    ['candidate.spikes = none', '1h', 20, 'never', false],
    ['latency.p99.9.ratio < 1.10', '1h', 50, 'thin', true],
    ['latency.p99.ratio < 1.001', '1h', 50, 'unforeseen', false],
    ['latency.p50.ratio < 1.2', '5h', 1, 'unforeseen', false],
  ] as const)('says of %s in %s at %d a second that it is %s', (gate, hold, rate, ...told) => {
    expect(outlookOf(gate, hold, rate)).toEqual(told);
  });
});

describe('a gate for one route', () => {
  const text = `${oneGate('{ gate: mismatch.rate < 0.1%, route: GET /a }', '1h')}routes:
  - match: GET /a
`;
  const traffic = (share: number): PlanTraffic => ({
    ...ASSUMED_TRAFFIC,
    routeRatios: new Map([['GET /a', share]]),
  });

  test('is not known without a recording', () => {
    const plan = planned(text, 100);
    expect(plan.steps[0]!.gates[0]).toMatchObject({ pairsPerSec: null, refusal: null });
    expect(planText(plan, settled(text).gates, false)).toContain('a recording: --from');
  });

  test('has its share of the requests, and is refused where that is too small', () => {
    expect(problemsOf(planned(text, 100, traffic(0.5)))).toEqual([]);
    const [problem] = problemsOf(planned(text, 100, traffic(0.001)));
    expect(subjectOf(problem!)).toBe('mismatch.rate < 0.1% on GET /a');
    const [none] = problemsOf(planned(text, 100, traffic(0)));
    expect(none).toMatchObject({ outlook: 'never', why: 'no request of it would be compared' });
  });
});

describe('a route of which little comes', () => {
  const text = (accepted: string, hold: string): string => `${KEY}ladder:
  - { percent: 0, hold: 1h }
  - { percent: 50, hold: ${hold} }
  - { percent: 100, hold: 1h }
gates: [mismatch.rate < 0.001%]
mirror: { autoPause: off }
routes:
  - match: GET /a
  - { match: GET /rare${accepted} }
`;
  // Five requests an hour among a thousand a second.
  const rare = 5 / 3_600_000;
  const routeRatios = new Map([
    ['GET /a', 1 - rare],
    ['GET /rare', rare],
  ]);
  const of = (accepted = '', hold = '24h') =>
    problemsOf(planned(text(accepted, hold), 1000, { ...ASSUMED_TRAFFIC, routeRatios }));

  test('keeps 100 % back, and is named at the step before it', () => {
    expect(of()).toEqual([
      {
        step: 50,
        gate: null,
        route: 'GET /rare',
        outlook: 'late',
        why: expect.stringMatching(
          /it needs 3\d\d pairs before 100 %, and 1d bring 1\d\d$/,
        ) as string,
        mend: expect.stringMatching(/^hold: \d+d, or `unproven/) as string,
        holdMs: expect.any(Number) as number,
      },
    ]);
  });

  test('is proved in a hold as long as is said, or accepted', () => {
    const hold = /^hold: (\d+d)/.exec(of()[0]!.mend)![1]!;
    expect(of('', hold)).toEqual([]);
    expect(of(', unproven: { as: accept, reason: seldom, owner: us }')).toEqual([]);
  });
});

test('errors of both sides are planned in errors, as nobody knows how often they come', () => {
  const { steps } = planned(oneGate('errors.ratio < 2', '1h'), 100);
  const [gate] = steps[0]!.gates;
  const sizes = gate!.regressions.map(({ samples }) => samples!);
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  expect(gate!.regressions.map(({ unit, afterMs }) => [unit, afterMs])).toEqual(
    sizes.map(() => ['errors', null]),
  );
});
