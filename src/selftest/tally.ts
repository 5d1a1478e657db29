/** Counts of a self-test as it goes, and what they come to. */
import { templateOf } from '../compare/divergences.ts';
import { DIVERGENCE_KINDS, type DivergenceKind } from '../model/pair.ts';
import type { TriedBug } from './edit.ts';
import type { Blindness, BugCounts, HiddenRow, Hole, KindResult, RandomResult } from './result.ts';
import type { SampledAnswer } from './sample.ts';
import type { Verdict } from './trial.ts';

/** Of those that are shown; all are counted. */
const HOLES_MAX = 100;

interface Counts {
  caught: number;
  hidden: number;
  missed: number;
  notCompared: number;
  named: number;
  leftOut: number;
  readonly names: Map<DivergenceKind, number>;
  readonly rules: Set<string>;
  /** All that hid one name its place and no other. */
  isNarrow: boolean;
  /** Where rules hid them: a few, enough to know one from many. */
  readonly places: Set<string>;
}

function newCounts(): Counts {
  const none = { caught: 0, hidden: 0, missed: 0, notCompared: 0, named: 0, leftOut: 0 };
  return { ...none, isNarrow: true, names: new Map(), rules: new Set(), places: new Set() };
}

interface Place {
  readonly row: Omit<HiddenRow, 'count'>;
  count: number;
}

/** Takes what became of each bug. */
export class BugTally {
  readonly #kinds = new Map<DivergenceKind, Counts>();
  readonly #random = newCounts();
  /** By kind, then by route. */
  readonly #routes = new Map<DivergenceKind, Map<string, Counts>>();
  readonly #hidden = new Map<string, Place>();
  readonly #holes: Hole[] = [];
  #meaningless = 0;

  add(bug: TriedBug, sampled: SampledAnswer, verdict: Verdict): void {
    const { kind } = bug;
    const { route } = sampled;
    const all =
      kind === null ? [this.#random] : [this.#countsOf(kind), this.#countsOnRoute(kind, route)];
    for (const counts of all) count(counts, bug, route, verdict);
    if (verdict.kind === 'hidden') this.#addHidden(bug, route, verdict.rules);
    if (verdict.kind === 'missed' || verdict.kind === 'not-compared') {
      this.#addHole(bug, sampled, verdict);
    }
  }

  /** Draws of random edits that meant the same. */
  addMeaningless(draws: number): void {
    this.#meaningless += draws;
  }

  /** Places of a kind that are not tried; null: random edits. */
  leaveOut(kind: DivergenceKind | null, places: number): void {
    (kind === null ? this.#random : this.#countsOf(kind)).leftOut += places;
  }

  /** Kinds in the order of their list; those without a place have been tried 0 times. */
  kinds(): KindResult[] {
    return DIVERGENCE_KINDS.map((kind) => {
      const counts = this.#kinds.get(kind) ?? newCounts();
      const { named, leftOut, rules } = counts;
      const otherNames = mostFirst(counts.names);
      return { kind, ...countsOf(counts), named, otherNames, rules: [...rules], leftOut };
    });
  }

  random(): RandomResult {
    const names = mostFirst(this.#random.names);
    const { leftOut } = this.#random;
    return { ...countsOf(this.#random), meaningless: this.#meaningless, leftOut, names };
  }

  bugs(): BugCounts {
    const sum = newCounts();
    for (const counts of this.#kinds.values()) {
      sum.caught += counts.caught;
      sum.hidden += counts.hidden;
      sum.missed += counts.missed;
      sum.notCompared += counts.notCompared;
    }
    return countsOf(sum);
  }

  hidden(): HiddenRow[] {
    const rows = [...this.#hidden.values()].map(({ row, count }) => ({ ...row, count }));
    return rows.sort((a, b) => (a.rule === b.rule ? b.count - a.count : a.rule < b.rule ? -1 : 1));
  }

  holes(): readonly Hole[] {
    return this.#holes;
  }

  /**
   * Kinds that rules hide wherever there is a place for them: everywhere, or on one route, and
   * there in more than one field.
   */
  blinded(accepted: ReadonlySet<DivergenceKind>): Blindness[] {
    const found: Blindness[] = [];
    for (const [kind, routes] of this.#routes) {
      const isAccepted = accepted.has(kind);
      const all = this.#kinds.get(kind)!;
      if (isBlind(all)) {
        found.push({ route: null, kind, ...blindnessOf(all), isAccepted });
        continue;
      }
      for (const [route, counts] of routes) {
        if (!isBlind(counts) || isNarrow(counts)) continue;
        found.push({ route, kind, ...blindnessOf(counts), isAccepted });
      }
    }
    return found;
  }

  #countsOf(kind: DivergenceKind): Counts {
    const known = this.#kinds.get(kind) ?? newCounts();
    this.#kinds.set(kind, known);
    return known;
  }

  #countsOnRoute(kind: DivergenceKind, route: string): Counts {
    const routes = this.#routes.get(kind) ?? new Map<string, Counts>();
    this.#routes.set(kind, routes);
    const known = routes.get(route) ?? newCounts();
    routes.set(route, known);
    return known;
  }

  #addHidden({ kind, path, what }: TriedBug, route: string, rules: readonly string[]): void {
    for (const rule of rules) {
      const place = templateOf(path);
      const name = JSON.stringify([rule, route, place, kind]);
      const known = this.#hidden.get(name);
      if (known !== undefined) known.count += 1;
      else this.#hidden.set(name, { row: { rule, route, path: place, kind, what }, count: 1 });
    }
  }

  #addHole(bug: TriedBug, { route, request }: SampledAnswer, verdict: Verdict): void {
    if (this.#holes.length >= HOLES_MAX) return;
    const { kind, path, what } = bug;
    const { target } = request;
    const reason = verdict.kind === 'not-compared' ? { reason: verdict.reason } : {};
    this.#holes.push({ route, target, path, kind, what, ...reason });
  }
}

const PLACES_KEPT = 2;

function count(counts: Counts, { kind, path }: TriedBug, route: string, verdict: Verdict): void {
  switch (verdict.kind) {
    case 'caught': {
      counts.caught += 1;
      if (kind !== null && verdict.kinds.includes(kind)) {
        counts.named += 1;
        break;
      }
      for (const name of new Set(verdict.kinds)) {
        counts.names.set(name, (counts.names.get(name) ?? 0) + 1);
      }
      break;
    }
    case 'hidden':
      counts.hidden += 1;
      for (const rule of verdict.rules) counts.rules.add(rule);
      counts.isNarrow &&= verdict.isNarrow;
      if (counts.places.size < PLACES_KEPT) counts.places.add(`${templateOf(path)} ${route}`);
      break;
    case 'missed':
      counts.missed += 1;
      break;
    case 'not-compared':
      counts.notCompared += 1;
  }
}

function isBlind({ caught, hidden }: Counts): boolean {
  return caught === 0 && hidden > 0;
}

/** One field of a body, which rules name without a wildcard, was all there was. */
function isNarrow({ places, isNarrow: areNarrow }: Counts): boolean {
  const [place = ''] = places;
  return areNarrow && places.size === 1 && place.startsWith('/');
}

function blindnessOf(counts: Counts): Pick<Blindness, 'tried' | 'rules' | 'isNarrow'> {
  return { tried: counts.hidden, rules: [...counts.rules], isNarrow: isNarrow(counts) };
}

function countsOf({ caught, hidden, missed, notCompared }: Counts): BugCounts {
  const tried = caught + hidden + missed + notCompared;
  return { tried, caught, hidden, missed, notCompared };
}

function mostFirst(names: ReadonlyMap<DivergenceKind, number>): [DivergenceKind, number][] {
  return [...names].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
