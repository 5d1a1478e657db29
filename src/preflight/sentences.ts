/** The findings and facts of preflight as plain sentences under their headings. */
import { paint, renderTable } from '../report/table.ts';
import { visible } from '../report/escape.ts';
import { namedFacts, statusWords } from './basis.ts';
import { END_NAMES, type EndName } from './ends.ts';
import type { Finding, FindingGroup, RouteFact } from './finding.ts';
import type { Preflight } from './preflight.ts';
import { type SizesByEnd, sizeWords } from './sizes.ts';
import { type SilenceByEnd, whenWords } from './time-limits.ts';

const HEADINGS: readonly (readonly [group: FindingGroup, heading: string, none: string])[] = [
  ['proxy', 'Refused by the proxy', 'what legacy takes, the proxy takes'],
  ['side', 'Refused by one side', 'both sides receive every request alike'],
  ['sizes', 'Header sizes', 'both sides take the same'],
  ['time', 'Time limits', 'the proxy keeps connections as long as legacy does'],
  ['tokens', 'One-time tokens', 'no answer held a token that was another one the second time'],
  ['routes', 'Routes', 'no read that is not declared shows side effects'],
];

const END_WORDS: Readonly<Record<EndName, string>> = {
  legacy: 'legacy',
  proxy: 'legacy through the proxy',
  candidate: 'the candidate',
};

export interface SentenceOptions {
  readonly color: boolean;
  readonly widthMax: number;
}

/** The whole report, a line break at its end. */
export function preflightText(preflight: Preflight, options: SentenceOptions): string {
  const facts: Partial<Record<FindingGroup, readonly string[]>> = {
    sizes: sizeLines(preflight),
    time: timeLines(preflight),
  };
  const sections = HEADINGS.map(([group, heading, none]) => {
    const found = preflight.findings.filter((finding) => finding.group === group);
    const differences = found.filter(({ isDifference }) => isDifference);
    const lines = [
      ...(facts[group] ?? []),
      ...(differences.length === 0 ? [`  ${none}`] : differences.flatMap(findingLines)),
      ...found.filter(({ isDifference }) => !isDifference).flatMap(findingLines),
    ];
    return [heading, ...lines].join('\n');
  });
  const { warning } = preflight.basis;
  if (warning !== '') {
    sections.unshift(paint(`warning: ${visible(warning)}`, 'yellow', options.color));
  }
  sections.push(routeTable(preflight.routes, options), verdict(preflight));
  return `${sections.join('\n\n')}\n`;
}

function findingLines({ what, where, mend, isDifference }: Finding): string[] {
  const first = `  ${isDifference ? 'differs' : 'note'}: ${visible(where)}: ${visible(what)}`;
  return mend === '' ? [first] : [first, `    ${visible(mend)}`];
}

function sizeLines({ sizes, base }: Preflight): string[] {
  const line = (name: string, { legacy, proxy, candidate }: SizesByEnd): string[] => {
    const ends = { legacy, proxy, candidate };
    return END_NAMES.map((end) => `  ${name}: ${END_WORDS[end]} takes ${sizeWords(ends[end])}`);
  };
  return [
    ...line('request head', sizes.head),
    ...line('request target', sizes.target),
    `  tried on ${visible(base)}`,
  ];
}

function timeLines({ times }: Preflight): string[] {
  const line = (name: string, ends: SilenceByEnd): string =>
    `  ${name} is closed: ${END_NAMES.map((end) => {
      const who = end === 'proxy' ? 'the proxy' : END_WORDS[end];
      return `by ${who} ${whenWords(ends[end])}`;
    }).join(', ')}`;
  return [
    line('an idle connection', times.idle),
    line('a connection with half a request', times.head),
    `  waited ${(times.waitedMs / 1000).toFixed(0)} s`,
  ];
}

function routeTable(routes: readonly RouteFact[], { color, widthMax }: SentenceOptions): string {
  const rows = routes.map((route) => [
    route.route,
    route.kind === 'safe' ? 'read' : 'write',
    route.isKeyed ? 'yes' : 'no',
    route.isDeclared ? 'yes' : 'no',
    route.isMirrored ? 'yes' : 'no',
    String(route.requests),
    String(route.asked),
  ]);
  return renderTable(
    ['route', 'taken for', 'keyed', 'declared', 'mirrored', 'seen', 'asked'],
    rows,
    { color, widthMax, align: ['left', 'left', 'left', 'left', 'left', 'right', 'right'] },
  );
}

const NOT_COMPARED =
  'Of the two sides only how they receive requests was compared. Comparing what they answer (a ' +
  'value, an ETag, a bug in one of them) is what shadowing is for: crossfade run.';

/** What was found, on what that rests, and what was not looked at. */
function verdict(preflight: Preflight): string {
  const { findings, requestsSent, basis } = preflight;
  const base = `${visible(preflight.base)} (${statusWords(preflight.baseStatus)})`;
  const count = differenceCount(findings);
  const none = basis.warning === '' ? 'Nothing differs' : 'Nothing differs, which says little';
  const found = count === 0 ? none : `${count} difference${count === 1 ? '' : 's'}`;
  const { asked, answered, unanswered } = basis;
  const others = unanswered.length === 0 ? '' : `, not so ${visible(namedFacts(unanswered))}`;
  return [
    `${found}. ${requestsSent} requests were sent, none with a method that changes anything.`,
    `What it rests on: of ${asked} distinct requests legacy answered ${answered} with 2xx or ` +
      `3xx${others}; methods, forms and sizes were tried on ${base}.`,
    NOT_COMPARED,
  ].join('\n');
}

/** How many findings are differences: what decides the exit code. */
export function differenceCount(findings: readonly Finding[]): number {
  return findings.filter(({ isDifference }) => isDifference).length;
}
