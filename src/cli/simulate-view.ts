import { formatDuration, formatLatency } from '../kit/units.ts';
import type { Outcome, Spread } from '../plan/simulate/outcome.ts';
import { pauseUs, type World } from '../plan/simulate/world.ts';
import { renderTable, wrap } from '../report/table.ts';

const COLUMNS = 100;
const RIGHT = 'right' as const;

/** What was simulated, and what came of it. */
export interface SimulateResult {
  readonly world: World;
  readonly runs: number;
  /** Holds and windows that were lengthened. */
  readonly changes: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** Simulated climbs for a terminal, without a line break at its end. */
export function simulateText(result: SimulateResult, color: boolean): string {
  const { world, changes, outcomes } = result;
  const steps = world.ladder
    .map(({ percent, holdMs, peaks, approve }) => {
      const more = [peaks > 0 ? `${peaks} peaks` : '', approve ? 'approved at once' : ''];
      return [`${percent} % ${formatDuration(holdMs)}`, ...more.filter((each) => each !== '')].join(
        ', ',
      );
    })
    .join(' · ');
  return [
    ...wrap(headOf(result), COLUMNS),
    ...wrap(`The ladder: ${steps}.`, COLUMNS),
    ...changes.flatMap((change) => wrap(change, COLUMNS)),
    '',
    'Caught: the first failure of a gate; after: since the candidate is wrong, median (95 %).',
    '',
    caughtTable(outcomes, color),
    '',
    'Where climbs end:',
    '',
    endsTable(outcomes, color),
    '',
    ...outcomes.flatMap((outcome) => wrap(sentenceOf(outcome, world), COLUMNS)),
  ].join('\n');
}

function headOf({ world, runs }: SimulateResult): string {
  const { ratePerSec, pairsPerSec, medianUs, sigma, pauses, users, seed } = world;
  const paused =
    pauses === null
      ? 'no side pauses'
      : `each side pauses every ${formatDuration(pauses.everyMs)} by itself, for ` +
        `${pauses.requests} requests (${formatLatency(pauseUs(pauses.requests, world))})`;
  return (
    `${count(runs)} climbs of each candidate, seed ${seed}. ${count(ratePerSec)} requests a ` +
    `second, ${count(pairsPerSec)} of them compared, of ${count(users)} users; latencies ` +
    `log-normal, median ${formatLatency(medianUs)}, sigma ${sigma}; ${paused}.`
  );
}

function caughtTable(outcomes: readonly Outcome[], color: boolean): string {
  const rows = outcomes.map((outcome) => {
    const { candidate, runs, caught, caughtAfterMs, usersMet, answersMet } = outcome;
    const isMet = outcome.wrongFrom !== null;
    return [
      candidate,
      percent(caught, runs),
      outcome.steps
        .filter((step) => step.caught > 0)
        .map((step) => `${step.percent} % ${percent(step.caught, caught)}`)
        .join(', '),
      caughtAfterMs === null ? '' : spread(caughtAfterMs, aboutTime),
      outcome.gates[0]?.[0] ?? '',
      isMet ? spread(usersMet, count) : '',
      isMet ? spread(answersMet, count) : '',
    ];
  });
  return renderTable(
    ['candidate', 'caught', 'at', 'after', 'mostly by', 'users who met it', 'answers'],
    rows,
    { color, align: ['left', RIGHT, 'left', RIGHT, 'left', RIGHT, RIGHT], widthMax: 130 },
  );
}

function endsTable(outcomes: readonly Outcome[], color: boolean): string {
  const rows = outcomes.map((outcome) => {
    const { candidate, runs, rolledBack, waiting, complete, promotedPast, wrongFrom } = outcome;
    const past = wrongFrom === null ? '' : `${percent(promotedPast, runs)} past ${wrongFrom} %`;
    return [
      candidate,
      percent(rolledBack, runs),
      percent(waiting, runs),
      percent(complete, runs),
      past,
    ];
  });
  return renderTable(['candidate', 'rolled back', 'kept waiting', '100 %', 'promoted'], rows, {
    color,
    align: ['left', RIGHT, RIGHT, RIGHT, RIGHT],
    widthMax: COLUMNS,
  });
}

/** What a sound candidate meets is what people wait for. */
function sentenceOf(outcome: Outcome, { ladder }: World): string {
  const { candidate, wrongFrom, runs, complete, completeAfterMs, waitedMs } = outcome;
  if (wrongFrom !== null || completeAfterMs === null || waitedMs === null) return '';
  const held = ladder.reduce((sum, { holdMs }) => sum + holdMs, 0);
  return (
    `${candidate}: ${count(complete)} of ${count(runs)} climbs reach 100 % and stay there for ` +
    `its hold, after ${spread(completeAfterMs, aboutTime)}; holds alone are ${aboutTime(held)}. ` +
    `Gates keep them ${spread(waitedMs, aboutTime)} longer than hold and peaks.`
  );
}

function spread({ median, p95 }: Spread, format: (value: number) => string): string {
  return `${format(median)} (${format(p95)})`;
}

function percent(part: number, whole: number): string {
  if (whole === 0) return '';
  const share = (100 * part) / whole;
  return `${share === 0 || share === 100 ? share : share.toFixed(1)} %`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

/** To two or three digits: `48s`, `7.5m`, `31h`, `6.1d`. */
function aboutTime(ms: number): string {
  for (const [belowMs, unitMs, unit] of [
    [120_000, 1000, 's'],
    [7_200_000, 60_000, 'm'],
    [172_800_000, 3_600_000, 'h'],
  ] as const) {
    if (ms < belowMs) return `${Number((ms / unitMs).toPrecision(2))}${unit}`;
  }
  return `${Number((ms / 86_400_000).toPrecision(2))}d`;
}
