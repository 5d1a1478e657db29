/** What a self-test is required to show: gates, as a configuration writes its own. */
import { didYouMean } from '../config/problems.ts';
import { CrossfadeError } from '../kit/errors.ts';
import { formatShare, parseShare } from '../kit/units.ts';
import { DIVERGENCE_KINDS, type DivergenceKind } from '../model/pair.ts';
import type { GateResult } from '../model/rollout.ts';
import {
  type Blindness,
  type BugCounts,
  isTooBlunt,
  type KindResult,
  type RandomResult,
} from './result.ts';

type Share = 'caught' | 'named' | 'random';

/** What can be asked for. */
export type SelfTestGate = ShareGate | RoutesGate;

/** No kind is hidden wherever it stands on a route, though it is seen on others. */
export interface RoutesGate {
  readonly share: 'blinded-routes';
}

/** One share. */
export interface ShareGate {
  /** As written. */
  readonly gate: string;
  readonly share: Share;
  /** Null: all of them. */
  readonly kind: DivergenceKind | null;
  readonly comparator: '>' | '>=';
  /** 0 to 1. */
  readonly limit: number;
}

const EXAMPLE = 'selftest.caught >= 95%';
const METRICS: readonly string[] = ['selftest.caught', 'selftest.named', 'selftest.random'];
const ROUTES_GATE = 'selftest.blinded.routes = none';

/** The gate of `selftest.caught[.KIND] >= 95%` and its like. Throws `bad-gate`. */
export function parseSelfTestGate(text: string): SelfTestGate {
  if (/^selftest\.blinded\.routes\s*=\s*none$/.test(text.trim()))
    return { share: 'blinded-routes' };
  const parts = /^(\S+?)\s*(>=|[<>=])\s*(\S+)$/.exec(text.trim());
  if (parts === null) throw refused(`expected a gate such as ${EXAMPLE}, found "${text}"`);
  const [, subject = '', comparator = '', limitText = ''] = parts;
  const [metric = '', kindText] = /^([a-z]+\.[a-z]+)(?:\.(.+))?$/.exec(subject)?.slice(1) ?? [];
  if (!METRICS.includes(metric)) {
    const known = `${METRICS.join(', ')}, and there is ${ROUTES_GATE}`;
    const near = didYouMean(subject, METRICS) || `; the metrics are ${known}`;
    throw refused(`expected a metric, found "${subject}"${near}`);
  }
  const share = metric.slice('selftest.'.length) as Share;
  const kind = kindText === undefined ? null : kindOf(kindText, subject);
  if (kind !== null && share === 'random') {
    throw refused(`random edits have no kind: expected selftest.random, found "${subject}"`);
  }
  if (comparator !== '>' && comparator !== '>=') {
    throw refused(`expected ">" or ">=" as in "${EXAMPLE}", found "${comparator}"`);
  }
  const limit = parseShare(limitText);
  if (limit === undefined || limit > 1) {
    throw refused(`expected a share from 0 % to 100 % as in "${EXAMPLE}", found "${limitText}"`);
  }
  return { gate: `${subject} ${comparator} ${limitText}`, share, kind, comparator, limit };
}

/** A kind by its name; `what`: where it stands, for the message. Throws `bad-gate`. */
function kindOf(text: string, what: string): DivergenceKind {
  const known = DIVERGENCE_KINDS.find((kind) => kind === text);
  if (known !== undefined) return known;
  const near = didYouMean(text, DIVERGENCE_KINDS) || '; docs/kinds lists them';
  throw refused(`expected a kind of difference in "${what}", found "${text}"${near}`);
}

function refused(message: string): CrossfadeError {
  return new CrossfadeError('bad-gate', `--gate: ${message}`);
}

/** What gates are judged by. */
export interface Measured {
  readonly bugs: BugCounts;
  readonly random: RandomResult;
  readonly kinds: readonly KindResult[];
  readonly blinded: readonly Blindness[];
}

/** The two that always hold, and those asked for. */
export function judgeSelfTest(gates: readonly SelfTestGate[], measured: Measured): GateResult[] {
  return [
    holesGate(measured),
    blindedGate(measured),
    ...gates.map((gate) =>
      gate.share === 'blinded-routes' ? routesGate(measured) : judge(gate, measured),
    ),
  ];
}

function holesGate({ bugs, random }: Measured): GateResult {
  const found = bugs.missed + random.missed + bugs.notCompared + random.notCompared;
  const samples = bugs.tried + random.tried;
  return {
    gate: 'selftest.holes = none',
    verdict: samples === 0 ? 'inconclusive' : found === 0 ? 'pass' : 'fail',
    measured: found,
    limit: 0,
    samples,
    sentence:
      found === 0
        ? 'every bug was reported, or hidden by a rule'
        : `${found} of ${samples} bugs were not reported, and no rule hides them`,
    onFail: 'hold',
  };
}

function blindedGate({ blinded, kinds }: Measured): GateResult {
  const everywhere = blinded.filter(isTooBlunt);
  const tried = kinds.filter((kind) => kind.tried > 0).length;
  const names = everywhere.map(({ kind }) => kind).join(', ');
  return {
    gate: 'selftest.blinded = none',
    verdict: tried === 0 ? 'inconclusive' : everywhere.length === 0 ? 'pass' : 'fail',
    measured: everywhere.length,
    limit: 0,
    samples: tried,
    sentence:
      everywhere.length === 0
        ? `rules hide none of ${tried} kinds wherever it stands`
        : `rules hide every bug of ${names}: narrow them, or say --may-hide KIND`,
    onFail: 'hold',
  };
}

function routesGate({ blinded, kinds }: Measured): GateResult {
  // A kind that is hidden everywhere is so on each route: it stands there once, without one.
  const alone = blinded.filter(({ isNarrow, isAccepted }) => !isNarrow && !isAccepted);
  const routes = [...new Set(alone.map(({ route }) => route ?? 'all routes'))];
  const tried = kinds.filter((kind) => kind.tried > 0).length;
  return {
    gate: ROUTES_GATE,
    verdict: tried === 0 ? 'inconclusive' : alone.length === 0 ? 'pass' : 'fail',
    measured: alone.length,
    limit: 0,
    samples: tried,
    sentence:
      alone.length === 0
        ? 'rules hide no kind wherever it stands on a route, but in fields that they name'
        : `rules hide every bug of some kinds on ${routes.join(', ')}`,
    onFail: 'hold',
  };
}

function judge({ gate, share, kind, comparator, limit }: ShareGate, all: Measured): GateResult {
  const { part, whole, what, tried } = sharesOf(share, kind, all);
  const shared = { gate, limit, samples: whole, onFail: 'hold' } as const;
  if (whole === 0 && tried > 0) {
    const sentence = `none of ${tried.toLocaleString('en-US')} was caught: there is none to name`;
    return { ...shared, samples: tried, verdict: 'fail', measured: 0, sentence };
  }
  if (whole === 0) {
    const sentence = `the answers have no place for ${kind ?? 'a bug'}: nothing was tried`;
    return { ...shared, verdict: 'inconclusive', measured: null, sentence };
  }
  const measured = part / whole;
  const isMet = comparator === '>' ? measured > limit : measured >= limit;
  const [some, every] = [part, whole].map((count) => count.toLocaleString('en-US'));
  const told = `${formatShare(measured)}: ${some} of ${every} ${what}, limit ${comparator} `;
  const sentence = `${told}${formatShare(limit)}`;
  return { ...shared, verdict: isMet ? 'pass' : 'fail', measured, sentence };
}

interface Shares {
  readonly part: number;
  readonly whole: number;
  /** Of the bugs that the whole was taken from. */
  readonly tried: number;
  readonly what: string;
}

function sharesOf(
  share: Share,
  kind: DivergenceKind | null,
  { bugs, random, kinds }: Measured,
): Shares {
  if (share === 'random') {
    const { caught, tried } = random;
    return { part: caught, whole: tried, what: 'random edits caught', tried };
  }
  const of = kinds.filter((each) => kind === null || each.kind === kind);
  if (share === 'caught') {
    const counts = kind === null ? bugs : of[0]!;
    return { part: counts.caught, whole: counts.tried, what: 'bugs caught', tried: counts.tried };
  }
  const sum = (key: 'named' | 'caught' | 'tried'): number =>
    of.reduce((all, each) => all + each[key], 0);
  const what = 'caught bugs named rightly';
  return { part: sum('named'), whole: sum('caught'), what, tried: sum('tried') };
}
