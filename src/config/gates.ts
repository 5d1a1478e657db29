import { parseDurationMs, parseLatencyUs, parseShare } from '../kit/units.ts';
import type { GateMetric, GateSettings } from '../model/settings.ts';
import type { Refuse } from './addresses.ts';
import type { FileGate, FileParts } from './file-parts.ts';
import { didYouMean, type Path, type Problems } from './problems.ts';

/** What a gate without further words is. */
export const GATE_DEFAULTS = { windowMs: 10_000, minPairs: 1000, alpha: 0.05 } as const;

interface MetricForm {
  readonly comparator: GateSettings['comparator'];
  /**
   * share: above 0 and below 1, usually written with %. ratio: above 0. time: as 50ms, above 0.
   * none: the word.
   */
  readonly limit: 'share' | 'ratio' | 'time' | 'none';
  readonly onFail: GateSettings['onFail'];
  /** How such a gate looks. */
  readonly example: string;
}

/** Every metric a gate can be of. */
const METRICS: Readonly<Record<GateMetric, MetricForm>> = {
  'mismatch.rate': form('<', 'share', 'mismatch.rate < 0.001%'),
  'errors.excess': form('<', 'share', 'errors.excess < 0.01%'),
  'errors.ratio': form('<', 'ratio', 'errors.ratio < 2'),
  latency: form('<', 'ratio', 'latency.p99.9.ratio < 1.10'),
  'latency.limit': form('<', 'time', 'latency.p99.9 < 50ms'),
  'latency.paired': form('<', 'ratio', 'latency.paired.p50.ratio < 1.05'),
  'latency.burn': form('<', 'ratio', 'latency.p99.burn < 10'),
  coverage: { ...form('>', 'share', 'coverage > 99%'), onFail: 'hold' },
  'memory.ratio': form('<', 'ratio', 'memory.ratio < 1.0'),
  'cpu.ratio': form('<', 'ratio', 'cpu.ratio < 1.0'),
  'candidate.spikes': form('=', 'none', 'candidate.spikes = none'),
};

function form(
  comparator: MetricForm['comparator'],
  limit: MetricForm['limit'],
  example: string,
): MetricForm {
  return { comparator, limit, onFail: 'rollback', example };
}

function isMetric(word: string): word is GateMetric {
  return Object.hasOwn(METRICS, word);
}

/** A gate's text taken apart: metric, quantile, comparator, limit. Null after a refusal. */
export function parseGate(
  text: string,
  refuse: Refuse,
): Pick<GateSettings, 'gate' | 'metric' | 'quantile' | 'comparator' | 'limit' | 'onFail'> | null {
  const parts = /^(\S+?)\s*([<>=])\s*(\S+)$/.exec(text.trim());
  if (parts === null) {
    refuse(`expected a gate such as latency.p99.ratio < 1.05, found "${text}"`);
    return null;
  }
  const [, subject = '', comparator, limitText = ''] = parts;
  const { metric, quantileText } = subjectOf(subject);
  if (metric === null) {
    refuse(unknownMetric(subject));
    return null;
  }
  const { comparator: due, example, limit: kind, onFail } = METRICS[metric];
  const quantile = quantileText === undefined ? null : percentToRatio(quantileText);
  const limit = LIMIT_PARSERS[kind](limitText);
  if (comparator !== due) {
    refuse(`expected "${due}" as in "${example}", found "${comparator}" in "${text.trim()}"`);
  } else if (quantile === 0) {
    refuse(`expected a quantile above p0, found "${subject}"`);
  } else if (limit === undefined || !fitsLimit(limit, kind)) {
    refuse(`expected ${LIMIT_WORDS[kind]} as in "${example}", found "${limitText}"`);
  } else {
    const gate = `${subject} ${due} ${limitText}`;
    return { gate, metric, quantile, comparator: due, limit: trim(limit), onFail };
  }
  return null;
}

const LIMIT_WORDS = {
  share: 'a share above 0 % and below 100 %',
  ratio: 'a ratio above 0',
  time: 'a time such as 50ms',
  none: 'the word none',
} as const;

const LIMIT_PARSERS: Readonly<Record<MetricForm['limit'], (text: string) => number | undefined>> = {
  share: parseShare,
  ratio: parseShare,
  time: parseLatencyUs,
  none: (text) => (text === 'none' ? 0 : undefined),
};

function fitsLimit(limit: number, kind: MetricForm['limit']): boolean {
  if (kind === 'none') return true;
  return limit > 0 && (kind !== 'share' || limit < 1);
}

/** The forms that a quantile of latencies has, and their metrics. */
const LATENCY_FORMS: readonly (readonly [RegExp, GateMetric])[] = [
  [/^latency\.p([\d.]+)\.ratio$/, 'latency'],
  [/^latency\.p([\d.]+)$/, 'latency.limit'],
  [/^latency\.paired\.p([\d.]+)\.ratio$/, 'latency.paired'],
  [/^latency\.p([\d.]+)\.burn$/, 'latency.burn'],
];

interface Subject {
  readonly metric: GateMetric | null;
  readonly quantileText?: string;
}

function subjectOf(subject: string): Subject {
  for (const [form, metric] of LATENCY_FORMS) {
    const quantileText = form.exec(subject)?.[1] ?? '';
    if (/^\d{1,2}(?:\.\d{1,4})?$/.test(quantileText)) return { metric, quantileText };
  }
  return { metric: isMetric(subject) && !subject.startsWith('latency') ? subject : null };
}

function unknownMetric(subject: string): string {
  const known = Object.keys(METRICS).map((metric) =>
    metric.startsWith('latency') ? METRICS[metric as GateMetric].example.split(' ')[0]! : metric,
  );
  if (subject.startsWith('latency')) {
    const forms = 'latency.pQUANTILE.ratio such as latency.p99.9.ratio';
    const others = 'latency.pQUANTILE, latency.paired.pQUANTILE.ratio or latency.pQUANTILE.burn';
    return `expected ${forms}, ${others}, found "${subject}"`;
  }
  const hint = didYouMean(subject, known) || `; the metrics are ${known.join(', ')}`;
  return `expected a metric, found "${subject}"${hint}`;
}

function percentToRatio(text: string): number {
  return trim(Number(text) / 100);
}

/** 0.999 rather than 0.9990000000000001. */
function trim(value: number): number {
  return Number(value.toPrecision(12));
}

/** What the rest of the configuration lets gates ask for. */
export interface GateSurroundings {
  /** The `match` of each route; null when not all of them are known. */
  readonly routes: readonly string[] | null;
  /** Both sides tell their memory and CPU. */
  readonly hasMetrics: boolean;
}

/** Every gate that can be used; what is wrong with the others is added to `problems`. */
export function settleGates(
  files: NonNullable<FileParts['gates']>,
  problems: Problems,
  surroundings: GateSurroundings,
): GateSettings[] {
  const gates: GateSettings[] = [];
  const names = new Map<string, number>();
  for (const [index, file] of files.entries()) {
    if (file === undefined) continue;
    const at = ['gates', index];
    const fields = typeof file === 'string' ? { gate: file } : file;
    const gate = settleGate(fields, at, surroundings, problems);
    if (gate === null) continue;
    const name = `${gate.route ?? ''} ${gate.gate}`;
    const earlier = names.get(name);
    if (earlier !== undefined) {
      problems.add(at, `expected each gate once, found gates[${earlier}] again`);
    }
    names.set(name, earlier ?? index);
    gates.push(gate);
  }
  return gates;
}

function settleGate(
  file: FileGate,
  at: Path,
  { routes, hasMetrics }: GateSurroundings,
  problems: Problems,
): GateSettings | null {
  const parsed = parseGate(file.gate, (message) => problems.add(at, message));
  const windowMs =
    file.window === undefined ? GATE_DEFAULTS.windowMs : (parseDurationMs(file.window) ?? 0);
  if (windowMs < 1000 || windowMs % 1000 !== 0) {
    const message = `expected whole seconds, at least 1s, found "${file.window}"`;
    problems.add([...at, 'window'], message);
  }
  if (file.route !== undefined && routes?.includes(file.route) === false) {
    const near = didYouMean(file.route, routes);
    problems.add([...at, 'route'], `expected the match of a route, found "${file.route}"${near}`);
  }
  if (parsed === null) return null;
  if (!hasMetrics && (parsed.metric === 'memory.ratio' || parsed.metric === 'cpu.ratio')) {
    problems.add(at, `"${parsed.gate}" needs both legacy.metrics and candidate.metrics`);
  }
  return {
    ...parsed,
    route: file.route ?? null,
    windowMs,
    minPairs: file.minPairs ?? GATE_DEFAULTS.minPairs,
    alpha: file.alpha ?? GATE_DEFAULTS.alpha,
    onFail: file.onFail ?? parsed.onFail,
  };
}
