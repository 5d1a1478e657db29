import { readFileSync, writeFileSync } from 'node:fs';
import { IGNORED_HEADERS } from '../../src/compare/headers.ts';
import { DEFAULT_GATES, DEFAULT_LADDER, DEFAULT_METRICS_GATES } from '../../src/config/defaults.ts';
import { DESIGN_MAX } from '../../src/judge/latency-proof.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import { RULE_FORMS, type RuleForm } from '../../src/model/settings.ts';
import { CONFIG_SCHEMA } from '../../src/config/schema.ts';
import type { SchemaNode } from '../../src/config/schema-forms.ts';
import { type ReloadEffect, reloadEffectOf } from '../../src/rollout/settings-change.ts';

const LATENCY_GATES: readonly (readonly [gate: string, holds: string])[] = [
  [
    'latency.p99.ratio < 1.05',
    "in the typical window, the candidate's p99 is at most 1.05 times legacy's",
  ],
  ['latency.p99 < 50ms', "in the typical window, the candidate's own p99 is at most so long"],
  [
    'latency.paired.p50.ratio < 1.05',
    'in the typical window, half of the pairs have a candidate at most 1.05 times as slow as ' +
      'legacy on the same request: a quantile of ratios, which is no ratio of quantiles',
  ],
  [
    'latency.p99.burn < 10',
    "not more than ten times 1 % of the candidate's answers are over legacy's p99, as it was in " +
      "the step's first three windows, both in the newest window and in the newest twelve; a " +
      'guard against rare disasters, without a stated error rate',
  ],
];

/** The two pages made from the schema: path from the root and text. */
export function configurationDocs(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: 'docs/crossfade.schema.json', text: jsonSchema() },
    { path: 'docs/configuration.md', text: page() },
  ];
}

function jsonSchema(): string {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...CONFIG_SCHEMA };
  const text = JSON.stringify(
    schema,
    (key, value: unknown) => {
      if (!isRecord(value) || !('x-expects' in value) || key === 'properties') return value;
      const { 'x-expects': expects, ...rest } = value;
      return { ...rest, patternErrorMessage: `expected ${String(expects)}` };
    },
    2,
  );
  return `${text}\n`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const TABLE_HEAD = '| key | is | default | meaning |\n| --- | --- | --- | --- |';

interface Row {
  readonly path: string;
  readonly kind: string;
  readonly fallback: string;
  readonly text: string;
}

function page(): string {
  const { properties = {}, required } = CONFIG_SCHEMA;
  const sections = Object.entries(properties).map(([name, node]) => {
    const rows = rowsOf(name, node, required?.includes(name) === true).map(
      (row) => `| \`${row.path}\` | ${row.kind} | ${row.fallback} | ${row.text} |`,
    );
    // All of them have the same keys: told once.
    const isTold = name === 'candidate' || name === 'twin';
    const shown = isTold ? rows.slice(0, 1) : rows;
    const more = isTold ? '\nIts keys are those of [legacy](#legacy).\n' : '';
    return `## ${name}\n\n${TABLE_HEAD}\n${shown.join('\n')}\n${more}\n${reloadLine(name)}\n`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}\n${DEFAULTS_SECTION}`;
}

const RELOADS: Readonly<Record<ReloadEffect, string>> = {
  restart: 'refused; restart to change it',
  cohort: "at 0 % alone, and the step's evidence begins anew; above 0 % refused",
  evidence: "at once, and the step's evidence begins anew",
  plain: 'at once; the evidence goes on',
};

/** What `crossfade reload` makes of a change of this key. Throws where nobody has said so. */
function reloadLine(name: string): string {
  const effect = reloadEffectOf(name);
  if (effect === undefined) throw new Error(`no reload effect is known of ${name}`);
  const more = name === 'ladder' ? ' Refused where no step is at the percent of now.' : '';
  return `On reload: ${RELOADS[effect]}.${more}`;
}

function rowsOf(path: string, node: SchemaNode, isRequired: boolean): Row[] {
  const row = {
    path,
    kind: escape(kindOf(node)),
    fallback: fallbackOf(node, isRequired),
    text: escape(node.description ?? ''),
  };
  const inner = node.type === 'array' && node.items !== undefined ? node.items : node;
  const innerPath = node.type === 'array' ? `${path}[]` : path;
  const options = inner.anyOf ?? [inner];
  // A list of what may also stand alone has no rows of its own.
  const alone = inner.anyOf === undefined ? options : options.filter(isNoList);
  return [row, ...alone.flatMap((option) => optionRows(innerPath, option))];
}

function isNoList(option: SchemaNode): boolean {
  return option.type !== 'array';
}

/** Fields of a map each in its row; a map told apart by a tag whole in one row. */
function optionRows(path: string, option: SchemaNode): Row[] {
  const fields = Object.entries(option.properties ?? {});
  const required = option.required ?? [];
  if (typeof option.additionalProperties === 'object') {
    return rowsOf(`${path}.NAME`, option.additionalProperties, false);
  }
  if (!fields.some(([, field]) => field.const !== undefined)) {
    return fields.flatMap(([name, field]) =>
      rowsOf(`${path}.${name}`, field, required.includes(name)),
    );
  }
  const shown = fields.map(([name, field]) => {
    if (field.const !== undefined) return `${name}: ${field.const}`;
    return required.includes(name) ? name : `${name}?`;
  });
  const text = escape(option.description ?? '');
  return [{ path: `${path}: { ${shown.join(', ')} }`, kind: 'mapping', fallback: '', text }];
}

function kindOf(node: SchemaNode): string {
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(', ');
  if (node['x-expects'] !== undefined) return node['x-expects'];
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(kindOf))].join(' or ');
  if (node.type === 'array' && node.items !== undefined) return `list of ${kindOf(node.items)}`;
  if (node.type === 'boolean') return '`true` or `false`';
  if (node.type === 'object') return 'mapping';
  const { minimum, maximum } = node;
  const range =
    maximum === undefined
      ? minimum === undefined
        ? ''
        : `, ${minimum} or more`
      : `, ${minimum} to ${maximum}`;
  return `${node.type === 'integer' ? 'whole number' : (node.type ?? 'text')}${range}`;
}

function fallbackOf(node: SchemaNode, isRequired: boolean): string {
  if (isRequired) return '*required*';
  return node.default === undefined ? '' : `\`${node.default}\``;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}

const INTRODUCTION = `# Configuration

<!-- Made by \`node test/support/configuration-docs.ts\` from src/config/schema.ts. -->

\`crossfade run -c crossfade.yaml\` reads one YAML (or JSON) file. Unknown keys are errors; all
errors are told at once, each with its line and column. Relative paths in the file are against
the file's own folder. Editors complete and check the file with
[crossfade.schema.json](crossfade.schema.json): put this line at its top.

\`\`\`yaml
# yaml-language-server: $schema=docs/crossfade.schema.json
\`\`\`

That path is for a file at the top of a clone of this repository: paths there are against the file's
own folder. Elsewhere give the whole path of your copy of the schema.

A value that nobody is to see stands as \`{ env: NAME }\`, an environment variable, or as
\`{ file: PATH }\`, a file whose first line it is. No message, log or report shows it.

\`crossfade reload\`, or SIGHUP, reads the file anew; each section below says what becomes of a
change in it. Where one change is refused none is made, and the old configuration stays in force.

## What goes together

- The ladder begins at 0 and climbs. Above 0 % it needs a \`key\`, and \`state\`.
- With \`state: shared\` both sides write to one store: no route may say \`writes: mirror\`, for
  the write would be done twice. With \`state: separate\` every write that \`routes\` names must
  say it, for a rollback would lose the others; writes that no route names stay on legacy below
  100 %.
- Mirrored writes need a key and one worker: a key's writes are sent in their order.
- \`legacy\` and \`candidate\` are two servers, neither is the proxy itself, and the candidate is
  not at a link-local address. With \`writes: mirror\` they are two servers whatever their names
  stand for: where address, port, path prefix and the Host sent are equal, \`run\` does not start,
  and a name that comes to mean the other side later gets no copies.
- With \`cookies: separate\` a key that comes \`from: cookie\` has to be in a cookie that legacy or
  somebody else sets: those that the candidate sets have other names.
- Without a file (\`--legacy URL --candidate URL\`) the defaults hold: no key, and no canary.
`;

/** In lines of a page's width, broken at blanks. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,96})(?: |$)/g, '$1\n').trimEnd();
}

const FORMS: Readonly<Record<RuleForm, string>> = {
  ignore: 'It is not compared, nor is what is in it.',
  instant: 'Both name the same moment: with a zone, an epoch number, more or fewer zeros.',
  number: 'Both are the same number: `1`, `1.0`, `10e-1`, and `"1"`. Exact, however long.',
  case: 'Both are the same text but for the case of letters.',
  url: 'Both are the same URL in its normal form; the order of parameters counts.',
  set: 'The order of an array does not count, nor does how often an element stands there.',
  multiset: 'The order of an array does not count; how often an element stands there does.',
  tolerance: 'Two numbers are at most `tolerance` apart, or that share of the greater one.',
  pattern: 'Both values, each as a whole and of one type, fit the regular expression `pattern`.',
  presence: 'Both sides have it; the values are free.',
  bijection:
    'Values differ, but each has one partner on the other side. A second partner is a divergence.',
  monotonic:
    "Values differ, but on neither side do they go down: per route, place and the request's " +
    'first key, among requests that did not overlap.',
  within: 'Two moments are at most `within` apart.',
  map: 'Your own function makes of each body what is compared; see below.',
};

const RULES_SECTION = `## Forms of rules

A rule looks at one place of the answer and excuses what differs there, where \`as\` allows it:

| as | what is excused |
| --- | --- |
${RULE_FORMS.map((form) => `| \`${form}\` | ${FORMS[form]} |`).join('\n')}

The place is a JSON Pointer, in which \`*\` stands for one segment and \`**\` for any number of
them, or \`status\` (\`ignore\`, \`pattern\`), \`body\` (\`ignore\`), \`header:NAME\` or
\`trailer:NAME\` (all but \`map\`; \`set\` and \`multiset\` of a list between commas). With
\`kind\` a rule excuses divergences of that kind alone. Rules under \`compare\` at the top of the
file hold for all routes, behind those of the route.

Every rule counts what it hides, also of pairs that are mismatched all the same; \`crossfade rules\`
and \`status\` show it, with the rules that have expired and those that were never used.
\`crossfade rules suggest\` proposes rules for what was seen.

What \`bijection\` and \`monotonic\` remember is bounded
(${LIMITS.ruleMemoryMax.toLocaleString('en')} values of each proxy, the longest unused
go first), ends with the proxy, and knows only pairs that
differ somewhere: equal answers are not looked into. Patterns run on an engine that takes linear
time; what all of them look at in one pair is bounded too.

A \`map\` is given a frozen copy of one side's \`{ status, headers, body }\` and the side's name,
and returns what is compared in place of the body. Names of headers are in lower case; a JSON body
comes parsed, any other as text. Numbers that a double cannot hold come as texts of their digits;
how numbers are written, repeated keys and the order of keys are not seen behind a map.

\`\`\`ts
// shapes.ts, named in the configuration as { map: ./shapes.ts#flat }
export function flat({ body }, side) {
  return side === 'candidate' ? body.items.map(({ value }) => value) : body;
}
\`\`\`

It is asked only where the answers differ without it, runs in a process of its own with
${LIMITS.mapDeadlineMs} ms for each pair, and must be pure. A pair on which it throws, takes
too long or returns what cannot be compared (nothing, a promise, a class) is not
comparable: \`map-failed\`. One that fails ${LIMITS.mapFailuresMax} times in a row, or takes
too long ${LIMITS.mapOverrunsMax} times, is switched off until the next reload, and the status
says so. It is code of yours: the process keeps its mistakes from live traffic, not its intentions.
`;

const DEFAULTS_SECTION = `## Defaults of ladder and gates

Without \`ladder\`:

\`\`\`yaml
ladder:
${DEFAULT_LADDER.map(
  (step) =>
    `  - { ${Object.entries(step)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')} }`,
).join('\n')}
\`\`\`

Without \`gates\` (the last two only where both sides tell their metrics):

\`\`\`yaml
gates:
${[...DEFAULT_GATES, ...DEFAULT_METRICS_GATES].map((gate) => `  - ${gate}`).join('\n')}
\`\`\`

A gate is \`METRIC[.QUANTILE][.ratio] < LIMIT\`. The limits of \`mismatch.rate\`,
\`errors.excess\` and \`coverage\` are shares (\`0.001%\`); those of \`errors.ratio\`,
\`latency.pQUANTILE.ratio\`, \`memory.ratio\` and \`cpu.ratio\` are ratios, candidate to legacy;
that of \`candidate.spikes\` is \`none\`. Only \`coverage\` is bounded from below, with \`>\`.

CPU counts by the request: the live side also gets what is not mirrored. Two processes of one
program differ in every window alike, by a few percent of memory, and by up to 7 % of CPU as one of
them is live; so \`memory.ratio\` and \`cpu.ratio\` fail where the candidate is proved to be more
than 9 % beyond the limit, and pass within it.

With \`mismatch.rate\` for all routes together, each route is proved by itself as well. One that
is shown to mismatch more often than the limit allows fails the gate, however rare it is. One of
which too little was compared to prove its own rate below 1 % (309 pairs without a mismatch, at
alpha 0.05) is *unproven*: the gate may pass, but the step to 100 % waits. Where a route is too
rare for that, somebody may accept it, with \`unproven\` of the route; requests that fit no route
are taken together, as \`GET other\`, and accepted by a route that fits them.

More gates on latency, for those who want them:

| gate | holds when |
| --- | --- |
${LATENCY_GATES.map(([gate, holds]) => `| \`${gate}\` | ${holds} |`).join('\n')}

What a gate of the first three kinds proves, it proves by windows: a pause is one window, not the
hundreds of requests that it delays. While slow requests come each for itself (the variance of
their counts is at most ${DESIGN_MAX} times that of independent ones) a share of the stake is on
tests of single requests, which find a difference sooner.

## What is compared of an answer

Status, header fields, trailers and body. Of the fields all but these, which tell of the
connection, the moment, the machine or this one request:

${wrapped([...IGNORED_HEADERS].map((name) => `\`${name}\``).join(', '))}

and \`content-length\`, where there is a body: that is compared itself. A rule leaves more out,
route by route; what it explains is counted as *ignored*, not as matched:

\`\`\`yaml
compare:
  - { path: header:etag, as: ignore, reason: each store names its versions itself }
\`\`\`

${RULES_SECTION}
## A file with everything

\`\`\`yaml
${readFileSync('fixtures/configurations/every-key.yaml', 'utf8').trimEnd()}
\`\`\`
`;

if (import.meta.main) {
  for (const { path, text } of configurationDocs()) writeFileSync(path, text);
}
