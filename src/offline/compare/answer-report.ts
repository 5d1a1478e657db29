/** Two answers compared, as a report: each divergence with its kind's page. */
import { LIMITS } from '../../kit/limits.ts';
import type { Comparison, Divergence, RuleCount, RuleHit } from '../../model/pair.ts';
import type { GateOutcome } from '../../model/rollout.ts';
import type { Report, ReportTable } from '../../report/report.ts';
import { ABSENT, formatCount, KIND_MEANINGS, plural } from '../../report/wording.ts';
import type { GivenAnswer } from './answer-file.ts';
import { boundText } from './bounds.ts';

/** What the report is made of. */
export interface AnswerFacts {
  /** Names of the two files. */
  readonly names: readonly [a: string, b: string];
  readonly answers: readonly GivenAnswer[];
  readonly comparison: Comparison;
  /** What both were taken for; null: told from how each begins. */
  readonly type: string | null;
  /** Whose rules were asked; '' where there are none. */
  readonly rulesOf: string;
  readonly counts: readonly RuleCount[];
  /** Both begin with a head that nobody was told to look for. */
  readonly isHeadLikely: boolean;
}

const OUTCOMES: Readonly<Record<Comparison['kind'], GateOutcome>> = {
  matched: 'pass',
  ignored: 'pass',
  mismatched: 'fail',
  'not-comparable': 'inconclusive',
};

/** The first file stands for legacy, the second for the candidate. */
export function answerReport(facts: AnswerFacts): Report {
  const { names, comparison, counts } = facts;
  const found = comparison.kind === 'mismatched' ? comparison.divergences : [];
  const noted = comparison.kind === 'matched' ? (comparison.noted ?? []) : [];
  const isWithRules = comparison.kind === 'mismatched' || comparison.kind === 'ignored';
  const hidden = isWithRules ? (comparison.hidden ?? []) : [];
  const tables = [
    divergencesTable('Divergences', found),
    divergencesTable('Noted', noted),
    hiddenTable(hidden),
  ];
  const problem = counts.find((count) => count.problem !== undefined)?.problem;
  const isNot = comparison.kind === 'not-comparable';
  const why = isNot ? (problem ?? boundText(comparison.reason, facts.answers)) : '';
  return {
    title: `${names[0]} and ${names[1]}`,
    headline: headlineOf(comparison, noted, why),
    context: contextOf(facts),
    outcome: OUTCOMES[comparison.kind],
    traffic: null,
    gates: [],
    clusters: [],
    events: [],
    tables: tables.filter((table) => table !== null),
    latency: [],
    warnings: facts.isHeadLikely
      ? ['both begin as HTTP answers do: with --http their heads are compared as heads']
      : [],
    facts: {
      verdict: comparison.kind,
      ...(comparison.kind === 'not-comparable' ? { reason: comparison.reason, why } : {}),
      divergences: found.map(withPage),
      noted: noted.map(withPage),
      hidden,
    },
  };
}

/** Where the kind is explained. */
function pageOf(kind: Divergence['kind']): string {
  return `docs/kinds/${kind}.md`;
}

function withPage(divergence: Divergence): Readonly<Record<string, unknown>> {
  const { path, kind, legacy = null, candidate = null } = divergence;
  const page = pageOf(kind);
  return { path, kind, meaning: KIND_MEANINGS[kind], legacy, candidate, page };
}

const PLACES_NAMED = 3;

function headlineOf(comparison: Comparison, noted: readonly Divergence[], why: string): string {
  switch (comparison.kind) {
    case 'matched':
      return noted.length === 0 ? 'Alike.' : `Alike; noted: ${notedText(noted)}.`;
    case 'mismatched':
      return `Different: ${plural(comparison.divergences.length, 'divergence')}.`;
    case 'ignored':
      return `Alike but for what ${plural(comparison.rules.length, 'rule')} excused.`;
    case 'not-comparable':
      return `Not comparable (${comparison.reason}): ${why}.`;
  }
}

/** `key order differs at /a, /b`. */
function notedText(noted: readonly Divergence[]): string {
  const kinds = [...new Set(noted.map(({ kind }) => kind))];
  const told = kinds.map((kind) => {
    const places = noted.filter((each) => each.kind === kind).map(({ path }) => path || 'the top');
    const more = places.length - PLACES_NAMED;
    const named = places.slice(0, PLACES_NAMED).join(', ');
    const rest = more > 0 ? ` and ${plural(more, 'other place')}` : '';
    return `${kind.replaceAll('-', ' ')} differs at ${named}${rest}`;
  });
  return told.join('; ');
}

function divergencesTable(title: string, found: readonly Divergence[]): ReportTable | null {
  if (found.length === 0) return null;
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  return {
    title,
    columns: ['path', 'kind', 'legacy', 'candidate'],
    rows: found.map((each) => [
      each.path || '(top)',
      each.kind,
      each.legacy ?? ABSENT,
      each.candidate ?? ABSENT,
    ]),
    notes: [
      ...kinds.map((kind) => `${kind}: ${KIND_MEANINGS[kind]}; see ${pageOf(kind)}`),
      ...(kinds.every((kind) => countOf(found, kind) < LIMITS.divergencesPerPathMax)
        ? []
        : [
            `Shown are at most ${LIMITS.divergencesPerPairMax}, and ` +
              `${LIMITS.divergencesPerPathMax} of one kind at one place of a list.`,
          ]),
    ],
  };
}

function countOf(found: readonly Divergence[], kind: Divergence['kind']): number {
  return found.filter((each) => each.kind === kind).length;
}

function hiddenTable(hidden: readonly RuleHit[]): ReportTable | null {
  if (hidden.length === 0) return null;
  return {
    title: 'Hidden by rules',
    columns: ['rule', 'divergences'],
    rows: hidden.map(({ rule, divergences }) => [rule, formatCount(divergences)]),
    notes: ['A whole subtree left out counts once.'],
  };
}

function contextOf({ names, type, rulesOf }: AnswerFacts): readonly string[] {
  return [
    `${names[0]} stands for legacy, ${names[1]} for the candidate.`,
    type === null
      ? 'What each is was told from its head, or from how it begins.'
      : `Both were taken for ${type}.`,
    rulesOf === '' ? 'No rules were asked.' : `Rules: ${rulesOf}.`,
  ];
}
