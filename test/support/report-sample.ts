import { createRandom, logNormal } from '../../src/kit/random.ts';
import { LatencyHistogram } from '../../src/measure/latency.ts';
import { createLatencySeries } from '../../src/report/latency-series.ts';
import type { LatencySeries, Report } from '../../src/report/report.ts';
import { contrastCollections, type EngineRun, storyTable } from '../../src/report/story.ts';

/** A wall time every sample starts at: 2026-11-20 14:03:07 UTC. */
export const START_MS: number = Date.UTC(2026, 10, 20, 14, 3, 7);

interface Shape {
  readonly medianUs: number;
  readonly sigma: number;
  /** Seconds between collections; 0 for none. */
  readonly everyS: number;
  readonly pauseUs: number;
}

/** `lengthS` seconds at 500 requests a second, the same for the same seed. */
export function sampleSeries(
  name: string,
  seed: number,
  lengthS: number,
  shape: Shape,
): LatencySeries {
  const random = createRandom(seed);
  const series = createLatencySeries(name);
  for (let second = 0; second < lengthS; second += 1) {
    const isCollecting = shape.everyS > 0 && second % shape.everyS === shape.everyS - 1;
    const window = new LatencyHistogram();
    for (let i = 0; i < 500; i += 1) {
      const inPause = isCollecting && i < (shape.pauseUs / 1e6) * 500;
      const waitUs = inPause ? shape.pauseUs * (1 - i / ((shape.pauseUs / 1e6) * 500)) : 0;
      window.record(Math.round(logNormal(random, shape.medianUs, shape.sigma) + waitUs));
    }
    series.add(START_MS + second * 1000, window.toCounts());
    if (isCollecting) series.markCollection(START_MS + second * 1000 + 400);
  }
  return series.finish();
}

const LEGACY: Shape = { medianUs: 820, sigma: 0.35, everyS: 6, pauseUs: 92_000 };
const SLAB: Shape = { medianUs: 610, sigma: 0.3, everyS: 0, pauseUs: 0 };
const FORCED: Shape = { medianUs: 620, sigma: 0.3, everyS: 6, pauseUs: 3100 };

function runOf(series: LatencySeries, memory: Partial<EngineRun>): EngineRun {
  const requests = series.seconds.reduce((sum, row) => sum + row.count, 0);
  return {
    name: series.name,
    capacity: 400_000,
    counts: series.counts,
    seconds: series.seconds,
    bytesPerEntry: null,
    rssBytes: null,
    cpuSeconds: null,
    requests,
    ...memory,
  };
}

/** A report as a rollout that went well would give it: every part filled. */
export function sampleReport(lengthS = 60): Report {
  const legacy = sampleSeries('legacy', 1, lengthS, LEGACY);
  const slab = sampleSeries('slab', 2, lengthS, SLAB);
  const forced = sampleSeries('slab, forced collections', 3, lengthS, FORCED);
  const runs = [
    runOf(legacy, { bytesPerEntry: 412.3, rssBytes: 298_000_000, cpuSeconds: 24.1 }),
    runOf(slab, { bytesPerEntry: 78.4, rssBytes: 121_000_000, cpuSeconds: 9.2 }),
    runOf(forced, { bytesPerEntry: 78.4, rssBytes: 122_000_000, cpuSeconds: 9.6 }),
  ];
  return {
    title: 'Read States: from the heap to the slab',
    context: [
      'crossfade demo: two real processes of the Read States service, one proxy, one open-loop ' +
        'client at 500 requests a second, seed 42.',
      'Legacy holds 400,000 live states and makes a full collection every 6 s. Gates and holds ' +
        'are scaled from hours to seconds.',
      'Latency counts from the arrival at the proxy to the last byte of each side’s answer.',
      'Node 24.21.0, linux x64, 2 cores, crossfade 0.1.0.',
    ],
    outcome: 'pass',
    traffic: TRAFFIC,
    gates: GATES,
    clusters: CLUSTERS,
    events: EVENTS,
    tables: [storyTable(runs, contrastCollections(legacy.seconds, slab.seconds))],
    latency: [legacy, slab, forced],
    warnings: [],
  };
}

const TRAFFIC: Report['traffic'] = {
  received: 31_204,
  mirrored: 30_870,
  skipped: { write: 302, sampled: 20 },
  dropped: { 'shadow-queue-full': 12 },
  inFlight: 0,
  compared: 30_811,
  matched: 28_120,
  mismatched: 2680,
  ignored: 11,
  notComparable: { 'live-failed': 9, tainted: 50 },
  rescued: 3,
  rescueAsked: 1,
  rescueWaitUs: 900_000,
  failedSafe: 0,
  failedWrites: 2,
  keyless: 0,
  taintedKeys: 4,
  taintedBy: { 'not-mirrored': 4 },
  journalEntries: 0,
  journalBytes: 0,
  rejected: {},
  overridden: 0,
};

const GATES: Report['gates'] = [
  gate('mismatch.rate < 0.1%', 'pass', 0, 0.001, 'No mismatch in 18,402 pairs: below 0.0163 %.'),
  gate('errors.excess < 1%', 'pass', 0.000_054, 0.01, 'Candidate alone failed 1 of 18,402 pairs.'),
  gate('latency.p99.ratio < 1.05', 'pass', 0.214, 1.05, 'p99 ratio 0.214 < 1.05 over 36 windows.'),
  gate(
    'latency.p99.9.ratio < 1.10',
    'pass',
    0.036,
    1.1,
    'p99.9 ratio 0.036 < 1.10 over 36 windows.',
  ),
  gate('coverage > 99%', 'pass', 0.9981, 0.99, 'Compared 99.8 % of 18,437 eligible requests.'),
  gate('memory.ratio < 1.0', 'pass', 0.406, 1, 'Memory 115.4 MiB against 284.2 MiB.'),
  gate('cpu.ratio < 1.0', 'pass', 0.381, 1, 'CPU 9.2 s against 24.1 s.'),
  gate('candidate.spikes = none', 'pass', 0, 0, 'No periodic spike in 60 windows.'),
];

function gate(
  name: string,
  verdict: 'pass' | 'fail' | 'inconclusive',
  measured: number | null,
  limit: number,
  sentence: string,
): Report['gates'][number] {
  return { gate: name, verdict, measured, limit, samples: 18_402, sentence, onFail: 'rollback' };
}

const CLUSTERS: Report['clusters'] = [
  {
    route: 'GET /v1/users/:user/read-states',
    path: '/read_states/*/last_pin_at',
    countedAs: 'GET /v1/users/:user/read-states',
    kind: 'timestamp-precision',
    change: 'rewritten',
    count: 1204,
    rate: { compared: 20_104, ratio: 0.0599, lower: 0.0564, upper: 0.0636 },
    firstSeenMs: START_MS + 2100,
    lastSeenMs: START_MS + 13_400,
    keys: { touched: 391, seen: 3984, ratio: 0.0981 },
    sides: 'the values are others from request to request: which side changed cannot be told',
    examples: [
      {
        request: 'GET /v1/users/1099511627780/read-states',
        path: '/read_states/3/last_pin_at',
        legacy: '"2026-11-20T14:02:51.417Z"',
        candidate: '"2026-11-20T14:02:51.000Z"',
        atMs: START_MS + 2100,
      },
      {
        request: 'GET /v1/users/1099511627931/read-states',
        path: '/read_states/0/last_pin_at',
        legacy: '"2026-11-20T14:01:07.083Z"',
        candidate: '"2026-11-20T14:01:07.000Z"',
        atMs: START_MS + 2300,
      },
    ],
  },
  {
    route: 'POST /v1/users/:user/read-states/query',
    path: '/read_states/*/mention_count',
    countedAs: 'POST /v1/users/:user/read-states/query',
    kind: 'fields-swapped',
    change: 'rewritten',
    count: 1476,
    rate: { compared: 10_707, ratio: 0.1379, lower: 0.1301, upper: 0.1459 },
    firstSeenMs: START_MS + 2600,
    lastSeenMs: START_MS + 13_900,
    keys: null,
    sides: 'candidate’s value changed at 2026-11-20 14:03:10; legacy’s did not',
    examples: [
      {
        request: 'POST /v1/users/1099511628004/read-states/query',
        path: '/read_states/12/mention_count',
        legacy: '{"mention_count":3,"flags":0}',
        candidate: '{"mention_count":0,"flags":3}',
        atMs: START_MS + 2600,
      },
    ],
  },
];

const EVENTS: Report['events'] = [
  event(0, 'start', 0, 'Rollout 1 of build slab-flawed begins at 0 %.'),
  event(8, 'hold', 0, 'Hold at 0 %: mismatch rate 8.7 % > 0.1 % over 4,012 pairs.'),
  event(14, 'begin', 0, 'Build slab begins: the evidence of slab-flawed is sealed.'),
  event(24, 'advance', 1, 'Advance to 1 %: all 8 gates pass over 5,000 pairs.'),
  event(34, 'advance', 10, 'Advance to 10 %: p99.9 ratio 0.041 < 1.10 over 10 windows.'),
  event(44, 'advance', 50, 'Advance to 50 %: p99.9 ratio 0.038 < 1.10 over 10 windows.'),
  event(54, 'advance', 100, 'Advance to 100 %: p99.9 ratio 0.037 < 1.10 over 10 windows.'),
  event(64, 'complete', 100, 'Complete: the candidate serves every key.'),
];

function event(
  second: number,
  kind: string,
  percent: number,
  sentence: string,
): Report['events'][number] {
  return { id: second + 1, rollout: 1, atMs: START_MS + second * 1000, kind, percent, sentence };
}
