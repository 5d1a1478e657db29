import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { quantilePlot } from '../../src/report/quantile-plot.ts';
import { REPORT_FORMATS, renderReport } from '../../src/report/render.ts';
import type { LatencySeries, Report } from '../../src/report/report.ts';
import { secondsPlot } from '../../src/report/seconds-plot.ts';
import { sampleReport, sampleSeries, START_MS } from '../support/report-sample.ts';

const EMPTY: Report = {
  title: 'Nothing yet',
  context: [],
  outcome: 'inconclusive',
  traffic: null,
  gates: [],
  clusters: [],
  events: [],
  tables: [],
  latency: [],
  warnings: [],
};

const HOSTILE = '</style><script>alert(1)</script>"\'`|\u202e\x1b[2J\x9b31m\n# @all';

/** A report in which every text is hostile. */
function hostileReport(): Report {
  const report = sampleReport(6);
  return {
    ...report,
    title: HOSTILE,
    context: [HOSTILE],
    warnings: [HOSTILE],
    gates: report.gates.map((gate) => ({ ...gate, gate: HOSTILE, sentence: HOSTILE })),
    clusters: report.clusters.map((cluster) => ({
      ...cluster,
      route: HOSTILE,
      path: HOSTILE,
      sides: HOSTILE,
      examples: cluster.examples.map((example) => ({
        ...example,
        request: HOSTILE,
        path: HOSTILE,
        legacy: `${HOSTILE}x`,
        candidate: `${HOSTILE}y`,
      })),
    })),
    events: report.events.map((event) => ({ ...event, kind: HOSTILE, sentence: HOSTILE })),
    tables: [{ title: HOSTILE, columns: [HOSTILE], rows: [[HOSTILE]], notes: [HOSTILE] }],
    latency: report.latency.map((series) => ({ ...series, name: HOSTILE })),
  };
}

describe('every format', () => {
  it.each(REPORT_FORMATS)('%s is the same text for the same report', (format) => {
    expect(renderReport(sampleReport(), format)).toBe(renderReport(sampleReport(), format));
  });

  it.each(REPORT_FORMATS)('%s names gates, kinds, paths and both values', (format) => {
    const text = renderReport(sampleReport(), format).replaceAll(/<\/?mark>|\\(?=[_*])/g, '');
    for (const fact of ['timestamp-precision', 'fields-swapped', 'latency.p99.9.ratio']) {
      expect(text).toContain(fact);
    }
    for (const fact of ['/read_states/*/last_pin_at', '14:02:51.417Z', '14:02:51.000Z']) {
      expect(text).toContain(fact);
    }
    expect(text).toContain(format === 'json' ? '"received": 31204' : '31,204');
  });

  it.each(REPORT_FORMATS)('%s says of a cluster how often, for whom and since when', (format) => {
    const [cluster] = sampleReport(6).clusters;
    const clusters = [{ ...cluster!, change: 'number -> string' } as const];
    const text = renderReport({ ...sampleReport(6), clusters }, format).replaceAll('&gt;', '>');
    const facts =
      format === 'json'
        ? ['"change": "number -> string"', '"lower": 0.0564', '"touched": 391']
        : ['number -> string', '5.64 % to 6.36 %', '391 of 3,984', '2026-11-20 14:03:20'];
    for (const fact of facts) expect(text).toContain(fact);
    expect(text).toContain('which side changed cannot be told');
  });

  it.each(REPORT_FORMATS)('%s renders an empty report without NaN or undefined', (format) => {
    const text = renderReport(EMPTY, format);
    expect(text).toContain('Nothing yet');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(text.endsWith('\n')).toBe(true);
  });

  it.each(REPORT_FORMATS)('%s shows no NaN for figures that are none', (format) => {
    const sample = sampleReport(6);
    const gates = sample.gates.map((gate) => ({ ...gate, measured: Number.NaN }));
    const events = sample.events.map((event) => ({ ...event, atMs: Number.NaN }));
    const rows = [{ ...sample.latency[0]!.seconds[0]!, count: 0, maxUs: 0, p50Us: 0 }];
    const latency: LatencySeries[] = [
      { name: 'empty', counts: [], seconds: [] },
      { name: 'quiet', counts: [], seconds: rows },
    ];
    const text = renderReport({ ...sample, gates, events, latency, tables: [] }, format);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it.each(REPORT_FORMATS)('%s keeps hostile text inert', (format) => {
    const text = renderReport(hostileReport(), format);
    for (const unseen of ['\u202e', '\u001b', '\u009b']) expect(text).not.toContain(unseen);
    expect(text).toContain('alert(1)');
    if (format === 'html' || format === 'markdown') expect(text).not.toMatch(/<script/i);
    if (format === 'markdown') expect(text).not.toMatch(/^# |@all/m);
  });
});

describe('the terminal’s report', () => {
  it('is this text for a small report', () => {
    const report: Report = {
      ...EMPTY,
      title: 'Replay of orders.rec',
      outcome: 'fail',
      traffic: sampleReport(1).traffic,
      gates: [{ ...sampleReport(1).gates[0]!, verdict: 'fail', measured: 0.0869 }],
      clusters: [{ ...sampleReport(1).clusters[1]!, count: 1 }],
      warnings: ['The recording ends early.'],
    };
    expect(renderReport(report, 'terminal', { widthMax: 84 })).toMatchInlineSnapshot(`
      "Replay of orders.rec
      FAIL  The one gate failed: mismatch.rate < 0.1%.
      Mismatched: 2,680 of 30,811 pairs (8.7 %)

      Warnings
      - The recording ends early.

      Gates
        fail  mismatch.rate < 0.1%
          No mismatch in 18,402 pairs: below 0.0163 %.

      Divergences
      fields-swapped  /read_states/*/mention_count  1 time (two fields carry each other’s values)
        POST /v1/users/:user/read-states/query
        13.8 % of 10,707 compared pairs (13.0 % to 14.6 % at 95 %)
        first seen 2026-11-20 14:03:09, last seen 2026-11-20 14:03:20 UTC
        candidate’s value changed at 2026-11-20 14:03:10; legacy’s did not
          POST /v1/users/1099511628004/read-states/query  /read_states/12/mention_count
            legacy     {"mention_count":3,"flags":0}
            candidate  {"mention_count":0,"flags":3}

      Traffic
      received 31,204 = mirrored 30,870 + skipped 322 (write 302, sampled 20) +
          dropped 12 (shadow-queue-full 12)
      mirrored 30,870 = compared 30,811 + not comparable 59 (tainted 50, live-failed
          9) + in flight 0
      compared 30,811 = matched 28,120 + mismatched 2,680 + ignored 11
      failed safe requests 0 (reads whose client saw a failure)
      failed writes 2 (writes whose client saw a failure)
      rescued 3 (candidate failed, legacy answered in its place)
      tainted keys 4 (no longer judged: their shadow missed a write)
      "
    `);
  });

  it('writes escape sequences only where colours are asked for', () => {
    expect(renderReport(sampleReport(6), 'terminal')).not.toContain('\x1b');
    expect(renderReport(sampleReport(6), 'terminal', { color: true })).toContain('\x1b[32mPASS');
  });

  it('says loudly when the identity does not hold', () => {
    const sample = sampleReport(1);
    const report = { ...sample, traffic: { ...sample.traffic!, received: 31_205 } };
    expect(renderReport(report, 'terminal')).toContain('DOES NOT HOLD: off by 1');
    expect(renderReport(report, 'html')).toContain('does not hold: off by 1');
  });
});

describe('the JSON report', () => {
  it('names its schema and carries the whole report', () => {
    const report = sampleReport(6);
    const { schema, ...rest } = JSON.parse(renderReport(report, 'json')) as Record<string, unknown>;
    expect(schema).toBe('crossfade.report/1');
    expect(rest).toEqual(report);
  });
});

describe('the Markdown report', () => {
  it('gives every line of a table as many cells as its head', () => {
    const lines = renderReport(hostileReport(), 'markdown').split('\n');
    const tables = lines.filter((line) => line.startsWith('| '));
    expect(tables.length).toBeGreaterThan(10);
    let cells = 0;
    for (const [i, line] of lines.entries()) {
      if (!line.startsWith('| ')) continue;
      if (!lines[i - 1]!.startsWith('| ')) cells = line.split('|').length;
      expect(line.split('|')).toHaveLength(cells);
    }
  });
});

describe('the HTML report', () => {
  const html = renderReport(hostileReport(), 'html');

  it('allows its own style sheet by hash and nothing else', () => {
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(html)!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
    expect(html.match(/<style/g)).toHaveLength(1);
    expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|<script|<link|<img|<iframe|url\(|@import/);
    expect(html).not.toMatch(/(?:href|src)=/);
  });

  it('opens and closes every element, even around hostile values', () => {
    const open: string[] = [];
    const body = html.replace(/<style>[^]*?<\/style>/, '');
    for (const [, slash, tag = '', rest = ''] of body.matchAll(/<(\/?)([a-z][\w]*)([^>]*)>/g)) {
      if (tag === 'meta' || rest.endsWith('/')) continue;
      if (slash === '/') expect(open.pop()).toBe(tag);
      else open.push(tag);
    }
    expect(open).toEqual([]);
  });

  it('marks where two values part and leaves what they share', () => {
    expect(renderReport(sampleReport(1), 'html')).toContain(
      '&quot;2026-11-20T14:02:51.<mark>417</mark>Z&quot;',
    );
  });

  it('follows the reader’s preference of light or dark', () => {
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
  });
});

describe('the plots', () => {
  const shape = { medianUs: 800, sigma: 0.3, everyS: 6, pauseUs: 90_000 };

  it('are named and described for those who do not see them', () => {
    for (const plot of [quantilePlot, secondsPlot]) {
      const svg = plot([sampleSeries('legacy', 1, 12, shape)]);
      expect(svg).toMatch(/role="img" aria-labelledby="\w+-title \w+-desc"/);
      expect(svg).toMatch(/<desc id="\w+-desc">legacy: .*<\/desc>/);
    }
  });

  it('end a line where its sample ends', () => {
    const series = { name: 'few', counts: [500, 50, 900, 50], seconds: [] };
    const tips = [...quantilePlot([series]).matchAll(/<title>few (p[\d.]+)/g)].map(([, p]) => p);
    expect(tips).toEqual(['p50', 'p90', 'p99']);
  });

  it('show a band for every second with a collection and break lines at gaps', () => {
    const series = sampleSeries('legacy', 1, 12, shape);
    const svg = secondsPlot([series]);
    expect(svg.match(/class="band"/g)).toHaveLength(1 + 2);
    const gap = { ...series, seconds: series.seconds.filter((_, i) => i !== 4) };
    const path = /<path class="curve l-p50" d="([^"]+)"/.exec(secondsPlot([gap]))![1]!;
    expect(path.match(/M/g)).toHaveLength(2);
  });

  it('show the worst of several seconds where a run is long', () => {
    const seconds = Array.from({ length: 3600 }, (_, i) => ({
      startMs: START_MS + i * 1000,
      count: 500,
      p50Us: 500,
      p99Us: 900,
      p999Us: 1000,
      maxUs: i === 1805 ? 70_000 : 1200,
      hasCollection: i === 1805,
    }));
    const svg = secondsPlot([{ name: 'legacy', counts: [500, 1], seconds }]);
    expect(svg).toContain('each point is the worst of 9 s');
    expect(svg.match(/max 70\.0 ms, collection/g)).toHaveLength(1);
  });

  it('hold their ground with no series, no latency and a single one', () => {
    for (const series of [[], [{ name: 'x', counts: [], seconds: [] }]]) {
      expect(quantilePlot(series)).not.toMatch(/NaN|Infinity|undefined/);
      expect(secondsPlot(series)).not.toMatch(/NaN|Infinity|undefined/);
    }
    const one = { name: 'one', counts: [1, 1], seconds: [] };
    expect(quantilePlot([one])).not.toMatch(/NaN|Infinity|undefined/);
  });
});
