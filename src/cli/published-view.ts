import { formatLatency } from '../kit/units.ts';
import type { PublishedResult } from '../pauses/as-published.ts';
import type { PercentileSpread, Spread } from '../pauses/percentiles.ts';
import { renderTable } from '../report/table.ts';
import { percentileCells, rangeText } from './model-view.ts';

const RIGHT = 'right' as const;

/** What the published program gives beside what was claimed for it, for a terminal. */
export function publishedText(result: PublishedResult, color: boolean): string {
  const { seeds, queue, fasterQueue } = result;
  const over = seeds.length === 1 ? `Seed ${seeds[0]}` : `Seeds ${seeds[0]} to ${seeds.at(-1)}`;
  return [
    'The published program: 200,000 requests at exponential gaps of 2 ms on average, a heap of',
    `8,000 KB. ${over}: ${seeds.length === 1 ? 'one run' : 'medians, and lowest to highest'}.`,
    '',
    programTable(result, color),
    '',
    'A sweep falls due every 120 s, in 400 s three times, and costs the one request that finds it',
    'due: 3 of 200,000. It shows from p99.9985 up, and no request waits for another.',
    '',
    'The same parameters with a queue (open loop, 500 requests a second, latency from arrival):',
    '',
    renderTable(
      ['latency, ms', 'p50', 'p99', 'p99.9', 'p99.99', 'max'],
      [
        ['BEAM, 1.8 ms', ...percentileCells(queue.spread.open)],
        ['BEAM, no collections', ...percentileCells(queue.spread.calm)],
        ['BEAM, closed loop, 10 clients', ...percentileCells(queue.spread.closed)],
        ['the same sweeps, 1.4 ms', ...percentileCells(fasterQueue.spread.open)],
        ['1.4 ms, no collections', ...percentileCells(fasterQueue.spread.calm)],
      ],
      { color, align: ['left', RIGHT, RIGHT, RIGHT, RIGHT, RIGHT] },
    ),
    '',
    ...lessons(result),
  ].join('\n');
}

function programTable({ claimed, program, queue }: PublishedResult, color: boolean): string {
  const { beam, candidate, times, slowRequests } = program;
  const row = (name: string, of: Spread, claim?: number): readonly string[] => [
    name,
    claim === undefined ? '' : String(claim),
    rangeText(of),
  ];
  const percentiles = (
    name: string,
    of: PercentileSpread,
    claims: Partial<Record<keyof PercentileSpread, number>>,
  ): readonly (readonly string[])[] =>
    (['p50', 'p99', 'p99.9', 'p99.99', 'max'] as const).map((each) =>
      row(`${name} ${each}, ms`, of[each], claims[each]),
    );
  const sweeps = queue.runs.map(({ collections }) => collections);
  return renderTable(
    ['', 'claimed', 'what it gives'],
    [
      ...percentiles('BEAM', beam, claimed.beam),
      ...percentiles('candidate', candidate, claimed.candidate),
      ['p99.9, BEAM over candidate', `${claimed.times} times`, `${times.median.toFixed(2)} times`],
      ['sweeps', `about ${claimed.sweeps}`, whole(sweeps)],
      ['requests over 50 ms', '', whole([slowRequests.lowest, slowRequests.highest])],
    ],
    { color, align: ['left', RIGHT, RIGHT] },
  );
}

function whole(counts: readonly number[]): string {
  const lowest = Math.min(...counts);
  const highest = Math.max(...counts);
  return lowest === highest ? String(lowest) : `${lowest} to ${highest}`;
}

function lessons({ queue, fasterQueue }: PublishedResult): readonly string[] {
  const p = (of: PercentileSpread): string => formatLatency(of['p99.9'].median * 1000);
  return [
    `With a queue the sweeps take the p99.9 from ${p(queue.spread.calm)} to ` +
      `${p(queue.spread.open)}. Without any collection the`,
    `shorter service time alone takes it from ${p(queue.spread.calm)} to ` +
      `${p(fasterQueue.spread.calm)}: at a utilisation of 0.9 the queue`,
    'is more of the tail than the collector.',
  ];
}
