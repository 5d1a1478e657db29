/**
 * What differs in recorded pairs, by place and kind, for rules to be proposed from. In: pairs as
 * they were recorded, and the rules in force. Out: findings, the most frequent first.
 */
import { templateOf } from '../src/compare/divergences.ts';
import type { Finding, SeenPair } from '../src/compare/rules/suggest.ts';
import type { Divergence } from '../src/model/pair.ts';
import type { CompareRule, KeySource, RouteSettings } from '../src/model/settings.ts';
import { RuleBook } from '../src/proxy/analyst/rule-book.ts';
import { createIdentifier } from '../src/proxy/identify/identify.ts';
import type { ReplaySource } from './merged.ts';
import { recordedPair } from './recorded-pair.ts';

/** How the pairs are looked at. */
export interface LookedAt {
  readonly routes: readonly RouteSettings[];
  readonly compare: readonly CompareRule[];
  readonly key: readonly KeySource[] | null;
}

/** Findings and what they are a part of. */
export interface RecordedFindings {
  readonly findings: readonly Finding[];
  readonly compared: number;
}

const FINDINGS_MAX = 1000;
/** A form has to hold for all of them. */
const VALUES_MAX = 200;

interface OpenFinding {
  readonly route: string;
  readonly path: string;
  readonly kind: Divergence['kind'];
  pairs: number;
  readonly values: SeenPair[];
}

/** Reads the recording to its end; what is beyond a thousand places is left out. */
export async function findingsIn(
  source: ReplaySource,
  looked: LookedAt,
): Promise<RecordedFindings> {
  const identifier = createIdentifier(looked.routes, looked.key);
  const book = new RuleBook(looked);
  const found = new Map<string, OpenFinding>();
  const compared = new Map<string, number>();
  const names = new Set(looked.routes.map((route) => route.match));
  try {
    for await (const record of source.arrivals()) {
      const { method, target, headers, body } = record.request;
      const { route, keys } = identifier.identify(method, target, headers, body);
      const pair = recordedPair(
        record,
        route.name,
        keys[0] ?? null,
        source.description.startedAtMs,
      );
      if (pair === null) continue;
      const comparison = book.compare(pair);
      if (comparison.kind === 'not-comparable') continue;
      compared.set(route.name, (compared.get(route.name) ?? 0) + 1);
      if (comparison.kind === 'mismatched') add(found, route.name, comparison.divergences);
    }
  } finally {
    book.close();
  }
  const findings = [...found.values()]
    .sort((a, b) => b.pairs - a.pairs)
    .map((each): Finding => {
      const ofRoute = compared.get(each.route) ?? null;
      return { ...each, route: names.has(each.route) ? each.route : null, compared: ofRoute };
    });
  return { findings, compared: [...compared.values()].reduce((sum, count) => sum + count, 0) };
}

function add(
  found: Map<string, OpenFinding>,
  route: string,
  divergences: readonly Divergence[],
): void {
  const counted = new Set<OpenFinding>();
  for (const { path: place, kind, legacy, candidate } of divergences) {
    const path = templateOf(place);
    const name = JSON.stringify([route, path, kind]);
    const known = found.get(name);
    if (known === undefined && found.size >= FINDINGS_MAX) continue;
    const finding = known ?? { route, path, kind, pairs: 0, values: [] };
    found.set(name, finding);
    if (!counted.has(finding)) finding.pairs += 1;
    counted.add(finding);
    if (finding.values.length < VALUES_MAX) finding.values.push([legacy, candidate]);
  }
}
