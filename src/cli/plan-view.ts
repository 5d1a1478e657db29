import { formatDuration, formatLatency, formatShare } from '../kit/units.ts';
import type { GateMetric, GateSettings } from '../model/settings.ts';
import type { GatePlan, Regression } from '../plan/gate-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { renderTable, wrap } from '../report/table.ts';

const COLUMNS = 100;

/** A plan for a terminal, without a line break at its end. */
export function planText(plan: Plan, gates: readonly GateSettings[], color: boolean): string {
  const metrics = gates.map(({ metric }) => metric);
  const parts = [
    ...wrap(headOf(plan), COLUMNS),
    '',
    'Passes at the earliest, with nothing wrong (! refused, as is said below):',
    '',
    stepTable(plan, ['gate', 'needs'], passRows(plan), color),
    '',
    'Fails after, and the least that fails within the hold:',
    '',
    stepTable(plan, ['gate', 'candidate'], failRows(plan, metrics), color),
  ];
  const independent = independentRows(plan, metrics);
  if (independent.length > 0) {
    parts.push(
      '',
      ...wrap(
        'The same in requests, were each slow for itself: pairs at 0 % and 100 %, between them ' +
          'live answers of the candidate against those of legacy.',
        COLUMNS,
      ),
      '',
      stepTable(plan, ['gate', 'candidate'], independent, color),
    );
  }
  return parts.join('\n');
}

function headOf({ ratePerSec, latencies, hasKey, steps }: Plan): string {
  const pairs = steps[0]?.pairsPerSec ?? 0;
  const stays = hasKey ? '' : ' Without a key the canary stays at 0 %: nothing else is planned.';
  const rates = `${count(ratePerSec)} requests a second, ${count(pairs)} of them compared`;
  return `${rates}; ${latencies}.${stays}`;
}

type Row = readonly [string, string, ...string[]];

function stepTable(
  { steps }: Plan,
  titles: readonly [string, string],
  rows: readonly Row[],
  color: boolean,
): string {
  const columns = steps.map(({ percent, holdMs }) => `${percent} %, ${formatDuration(holdMs)}`);
  return renderTable([...titles, ...columns], rows, {
    color,
    align: ['left', 'left', ...steps.map(() => 'right' as const)],
    widthMax: 110,
  });
}

/** The same gate at each step, for each gate. */
function gatesOf({ steps }: Plan): readonly (readonly [GatePlan, ...GatePlan[]])[] {
  const [first, ...others] = steps;
  return (first?.gates ?? []).map((gate, i) => [gate, ...others.map(({ gates }) => gates[i]!)]);
}

function passRows(plan: Plan): readonly Row[] {
  return gatesOf(plan).map((at) => [
    nameOf(at[0]),
    needsText(at),
    ...at.map(({ pairsPerSec, passesAfterMs, refusal }) => {
      if (pairsPerSec === null) return '?';
      const after = passesAfterMs === null ? 'never' : aboutText(passesAfterMs);
      return refusal === null ? after : `${after} !`;
    }),
  ]);
}

function nameOf({ gate, route }: GatePlan): string {
  return route === null ? gate : `${gate} on ${route}`;
}

function needsText(at: readonly GatePlan[]): string {
  const needs = at.flatMap((gate) => (gate.needs === null ? [] : [gate.needs]));
  const [first] = needs;
  if (first === undefined) return at[0]!.pairsPerSec === null ? 'a recording: --from' : '';
  const samples = needs.map((need) => need.samples);
  const [least, most] = [Math.min(...samples), Math.max(...samples)];
  return `${least === most ? '' : `${count(least)}–`}${count(most)} ${first.unit}`;
}

function failRows(plan: Plan, metrics: readonly GateMetric[]): readonly Row[] {
  return gatesOf(plan).flatMap((at, i): readonly Row[] => {
    const metric = metrics[i]!;
    const hasLeast = at.some(({ finds }) => finds !== null);
    const least = at.map(({ finds }) => (finds === null ? '—' : sizeText(finds, metric)));
    const rows = at[0].regressions.map((regression, j): Row => {
      const cells = at.map(({ regressions }) => foundText(regressions[j]));
      return ['', sizeText(regression.size, metric), ...cells];
    });
    const all: readonly Row[] = hasLeast ? [['', 'the least', ...least], ...rows] : rows;
    return all.map(([, ...cells], j) => [j === 0 ? nameOf(at[0]) : '', ...cells]);
  });
}

function foundText(regression: Regression | undefined): string {
  if (regression === undefined) return '—';
  const { afterMs, samples, unit } = regression;
  if (afterMs !== null) return aboutText(afterMs);
  return unit === 'errors' && samples !== null ? `${count(samples)} errors` : '—';
}

function independentRows(plan: Plan, metrics: readonly GateMetric[]): readonly Row[] {
  return gatesOf(plan).flatMap((at, i): readonly Row[] => {
    if (metrics[i] !== 'latency') return [];
    return at[0].regressions.map((regression, j): Row => {
      const cells = at.map(({ regressions }) => {
        const requests = regressions[j]?.independent?.requests;
        return requests === undefined ? '—' : count(requests);
      });
      return [j === 0 ? nameOf(at[0]) : '', sizeText(regression.size, 'latency'), ...cells];
    });
  });
}

const RATES: ReadonlySet<GateMetric> = new Set(['mismatch.rate', 'errors.excess']);

function sizeText(size: number, metric: GateMetric): string {
  if (metric === 'coverage') return `${Number((size * 100).toPrecision(4))} %`;
  if (RATES.has(metric)) return formatShare(Number(size.toPrecision(4)));
  if (metric === 'latency.limit') return formatLatency(size);
  return `× ${Number(size.toPrecision(3))}`;
}

function count(number: number): string {
  return (number < 100 ? Number(number.toPrecision(3)) : Math.round(number)).toLocaleString(
    'en-US',
  );
}

/** A time to two digits: nobody plans by the second. */
function aboutText(ms: number): string {
  if (ms < 1000) return '< 1s';
  for (const [belowMs, unitMs, unit] of [
    [120_000, 1000, 's'],
    [7_200_000, 60_000, 'm'],
    [172_800_000, 3_600_000, 'h'],
  ] as const) {
    if (ms < belowMs) return `${Math.ceil(ms / unitMs)}${unit}`;
  }
  return `${Math.ceil(ms / 86_400_000)}d`;
}
