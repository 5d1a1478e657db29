/** A self-test as a report: what was caught by kind, what each rule hid and where, and holes. */
import {
  type Blindness,
  type HiddenRow,
  isTooBlunt,
  type KindResult,
  type SelfTestResult,
} from '../selftest/result.ts';
import { formatShare } from '../kit/units.ts';
import type { Report, ReportTable } from './report.ts';
import { formatCount, NOTHING, plural } from './wording.ts';

/** Rows that a table shows; JSON has all of them. */
const ROWS_MAX = 40;
const KINDS_SHOWN = 8;
const NAMES_SHOWN = 3;

/** What the result does not say of itself. */
export interface SelfTestNames {
  readonly configuration: string;
  readonly recording: string;
  readonly warnings: readonly string[];
  /** Wall clock, by which rules held or not. */
  readonly atMs: number;
}

/** Everything a self-test shows; the result itself stands in the JSON as `facts`. */
export function selfTestReport(result: SelfTestResult, names: SelfTestNames): Report {
  const { configuration, recording, warnings, atMs } = names;
  const { answers, answered, records, seed, routes, leftOut } = result;
  const left = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
  const day = new Date(atMs).toISOString().slice(0, 10);
  return {
    title: `Self-test of ${configuration} on ${recording}`,
    headline: headlineOf(result),
    outcome: result.outcome,
    context: [
      `${plural(answers, 'answer')} of ${formatCount(answered)} in ${plural(records, 'record')}, ` +
        `drawn with seed ${seed}; rules as they hold on ${day}.`,
      `By route: ${Object.entries(routes)
        .map(([route, count]) => `${route} ${formatCount(count)}`)
        .join(', ')}.`,
      ...(left.length === 0 ? [] : [`Answers that cannot be compared: ${left.join(', ')}.`]),
      'Each answer was compared with itself but for one bug. Each bug stands alone: rules that ' +
        'remember (bijection, monotonic) find more over many pairs.',
    ],
    traffic: null,
    gates: result.gates,
    clusters: [],
    events: [],
    tables: tablesOf(result),
    latency: [],
    warnings: [...warnings, ...untriedWarnings(result), ...blindWarnings(result.blinded)],
    facts: { selftest: result },
  };
}

function headlineOf(result: SelfTestResult): string {
  const { bugs, random, gates } = result;
  const failed = gates.filter(({ verdict }) => verdict === 'fail');
  if (failed.length > 0) return `${failed.map(({ sentence }) => sentence).join('. ')}.`;
  const hidden = bugs.hidden + random.hidden;
  const tried = plural(bugs.tried + random.tried, 'bug');
  if (hidden === 0) return `All of ${tried} were caught.`;
  return `${tried}: rules hide ${formatCount(hidden)}, listed below; all others were caught.`;
}

/** Routes of which nothing is known, whatever rules hide there. */
function untriedWarnings({ routes, usable }: SelfTestResult): string[] {
  const untried = Object.keys(routes).filter((route) => routes[route] === 0);
  const lacking = untried.filter((route) => usable[route] === 0).join(', ');
  const left = untried.filter((route) => usable[route] !== 0).join(', ');
  const why = 'more routes than --answers, or more bytes than are held';
  return [
    ...(lacking === '' ? [] : [`not tried, since no answer can be used: ${lacking}`]),
    ...(left === '' ? [] : [`not tried, since there are ${why}: ${left}`]),
  ];
}

function blindWarnings(blinded: readonly Blindness[]): string[] {
  const everywhere = blinded.filter(isTooBlunt).map(({ kind, tried, rules }) => {
    const bugs = plural(tried, 'bug');
    return `BLIND: all ${bugs} of the kind ${kind} are hidden by ${rules.join(', ')}`;
  });
  const alone = blinded.filter(({ route, isAccepted }) => route !== null && !isAccepted);
  const byRoute = Map.groupBy(alone, ({ route }) => route);
  return [
    ...everywhere,
    ...[...byRoute].map(([route, each]) => {
      const kinds = each.map(({ kind }) => kind).join(', ');
      const rules = [...new Set(each.flatMap((one) => one.rules))].join(', ');
      return `blind on ${route}: all bugs of ${kinds} are hidden by ${rules}`;
    }),
  ];
}

function tablesOf(result: SelfTestResult): ReportTable[] {
  const tables = [kindsTable(result), blindTable(result.blinded), hiddenTable(result.hidden)];
  return [...tables, holesTable(result)].filter((table) => table.rows.length > 0);
}

function kindsTable({ kinds, random, bugs }: SelfTestResult): ReportTable {
  const rows = kinds.map((kind) => {
    const { tried, caught, named, hidden, missed, notCompared } = kind;
    if (tried === 0) {
      return [kind.kind, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, 'no place in these answers'];
    }
    const holes = formatCount(missed + notCompared);
    const share = caught === 0 ? NOTHING : formatShare(named / caught);
    const counts = [formatCount(tried), caughtText(caught, tried), share];
    return [kind.kind, ...counts, formatCount(hidden), holes, remarkOf(kind)];
  });
  const total = (
    name: string,
    { tried, caught, hidden, missed, notCompared }: typeof bugs,
    remark: string,
  ): string[] => {
    const shown = [formatCount(tried), caughtText(caught, tried), NOTHING, formatCount(hidden)];
    return [name, ...shown, formatCount(missed + notCompared), remark];
  };
  const names = random.names.slice(0, NAMES_SHOWN).map(([kind, count]) => `${kind} ${count}`);
  rows.push(total('all kinds', bugs, ''));
  const told = names.length === 0 ? 'no leaf in these answers' : `told as ${names.join(', ')} …`;
  const left = random.leftOut === 0 ? '' : `; ${leftText(random.leftOut)}`;
  rows.push(total('random edits', random, told + left));
  const draws = plural(random.meaningless, 'random draw');
  const drawn = `${draws} changed bytes and no meaning, and were drawn anew.`;
  return {
    title: 'Bugs by kind',
    columns: ['kind', 'bugs', 'caught', 'named so', 'hidden', 'holes', 'remarks'],
    rows,
    notes: [
      'caught: reported at all; named so: of these, as this kind. hidden: a rule explains that ' +
        'nothing was reported. holes: nothing does.',
      'key-order means nothing in JSON: there it counts as caught where it is noted.',
      'Fields that are never compared (Date, Connection, Server …) are no places.',
      ...(random.meaningless === 0 ? [] : [drawn]),
    ],
  };
}

function leftText(places: number): string {
  return `${formatCount(places)} places not tried`;
}

function caughtText(caught: number, tried: number): string {
  if (tried === 0) return NOTHING;
  // No share of less than all is shown as all.
  if (caught < tried && caught / tried > 0.9995) return '> 99.9 %';
  return formatShare(caught / tried);
}

function remarkOf({ rules, otherNames, leftOut, caught }: KindResult): string {
  const names = otherNames.slice(0, NAMES_SHOWN).map(([kind, count]) => `${kind} ${count}`);
  return [
    ...(caught === 0 && rules.length > 0 ? ['BLIND'] : []),
    ...(names.length === 0 ? [] : [`else ${names.join(', ')}`]),
    ...(leftOut === 0 ? [] : [leftText(leftOut)]),
  ].join('; ');
}

function blindTable(blinded: readonly Blindness[]): ReportTable {
  const rows = blinded.map((each) => {
    const aside = each.isAccepted ? ', as accepted' : ', its only place';
    const where = each.route ?? (isTooBlunt(each) ? 'EVERYWHERE' : `everywhere${aside}`);
    return [each.kind, where, formatCount(each.tried), each.rules.join(', ')];
  });
  return {
    title: 'Blind: not one bug of the kind was caught',
    columns: ['kind', 'route', 'bugs', 'hidden by'],
    rows: rows.slice(0, ROWS_MAX),
    notes: moreNote(rows.length),
  };
}

function moreNote(rows: number): string[] {
  return rows <= ROWS_MAX ? [] : [`And ${formatCount(rows - ROWS_MAX)} more: --json has all.`];
}

interface HiddenPlace {
  readonly rule: string;
  readonly place: string;
  count: number;
  readonly kinds: string[];
}

/** One row for each rule and place, its kinds together. */
function hiddenTable(hidden: readonly HiddenRow[]): ReportTable {
  const places = new Map<string, HiddenPlace>();
  for (const { rule, route, path, kind, count } of hidden) {
    // A rule of one route has that in its name.
    const place = rule.startsWith(`${route} `) ? path : `${path} of ${route}`;
    const name = JSON.stringify([rule, place]);
    const known = places.get(name) ?? { rule, place, count: 0, kinds: [] };
    known.count += count;
    known.kinds.push(`${kind ?? 'random edits'} ${formatCount(count)}`);
    places.set(name, known);
  }
  const rows = [...places.values()].map(({ rule, place, count, kinds }) => {
    const more = kinds.length > KINDS_SHOWN ? [`${kinds.length - KINDS_SHOWN} more kinds`] : [];
    const told = [...kinds.slice(0, KINDS_SHOWN), ...more].join(', ');
    return [rule, place, formatCount(count), told];
  });
  return {
    title: 'Hidden by rules',
    columns: ['rule', 'place', 'bugs', 'of the kinds'],
    rows: rows.slice(0, ROWS_MAX),
    notes: moreNote(rows.length),
  };
}

function holesTable({ holes, bugs, random }: SelfTestResult): ReportTable {
  const all = bugs.missed + bugs.notCompared + random.missed + random.notCompared;
  return {
    title: 'Holes: neither reported nor hidden by a rule',
    columns: ['kind', 'route', 'place', 'what was done', 'request', 'result'],
    rows: holes.slice(0, ROWS_MAX).map(({ kind, route, path, what, target, reason }) => {
      const result = reason === undefined ? 'matched' : `not compared: ${reason}`;
      return [kind ?? 'random edit', route, path, what, target, result];
    }),
    notes: all <= ROWS_MAX ? [] : [`${formatCount(all)} in all.`],
  };
}
