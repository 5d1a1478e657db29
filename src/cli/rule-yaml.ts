import type { Finding, Proposal, Suggestions } from '../compare/rules/suggest.ts';
import { formatShare } from '../kit/units.ts';
import { visible } from '../report/escape.ts';
import { plural } from '../report/wording.ts';

/** What a person has to put something in place of. */
const TO_FILL = ['TO', 'DO'].join('');
const EXAMPLES_SHOWN = 2;
const VALUE_SHOWN = 60;

/**
 * Proposals as YAML for a configuration, each under its evidence as a comment; then, as comments
 * alone, what no rule is proposed for. `source` says where it was seen.
 */
export function suggestionsYaml({ proposals, without }: Suggestions, source: string): string {
  const what = proposals.length === 1 ? '1 rule' : `${proposals.length} rules`;
  const general = proposals.filter(({ finding }) => finding.route === null);
  const lines = [
    `# ${what} for a person to accept, from ${visible(source)}. Each needs a reason.`,
    ...routeLines(proposals.filter(({ finding }) => finding.route !== null)),
    ...(general.length === 0 ? [] : ['compare:', ...general.flatMap((each) => ruleLines(each, 2))]),
    ...(without.length === 0 ? [] : ['# No rule is proposed for what a client may notice:']),
    ...without.map((finding) => `#   ${evidence(finding)} of ${visible(finding.route ?? 'other')}`),
  ];
  return lines.join('\n');
}

function routeLines(proposals: readonly Proposal[]): readonly string[] {
  const routes = [...new Set(proposals.map(({ finding }) => finding.route!))];
  if (routes.length === 0) return [];
  return [
    'routes:',
    ...routes.flatMap((route) => [
      `  - match: ${scalar(route)}`,
      '    compare:',
      ...proposals
        .filter(({ finding }) => finding.route === route)
        .flatMap((each) => ruleLines(each, 6)),
    ]),
  ];
}

function ruleLines(proposal: Proposal, indent: number): readonly string[] {
  const { finding, as, kind, by, tolerance, pattern, within } = proposal;
  const fields = [
    `path: ${scalar(finding.path)}`,
    ...(kind === null ? [] : [`kind: ${kind}`]),
    `as: ${as}`,
    ...(by.length === 0 ? [] : [`by: [${by.map(scalar).join(', ')}]`]),
    ...(tolerance === null ? [] : [`tolerance: ${tolerance}`]),
    ...(pattern === null ? [] : [`pattern: ${JSON.stringify(pattern)}`]),
    ...(within === null ? [] : [`within: ${within}`]),
    `reason: ${TO_FILL}`,
  ];
  const space = ' '.repeat(indent);
  return [`${space}# ${evidence(finding)}`, `${space}- { ${fields.join(', ')} }`];
}

/** What was seen, how often, and of whom. */
function evidence({ kind, path, pairs, compared, values }: Finding): string {
  const share = compared === null || compared === 0 ? '' : ` (${formatShare(pairs / compared)})`;
  const shown = values.slice(0, EXAMPLES_SHOWN).map((pair) => {
    const [legacy, candidate] = pair.map((text) => cut(visible(text ?? 'nothing')));
    return `legacy ${legacy}, candidate ${candidate}`;
  });
  const seen = shown.length === 0 ? '' : `; ${shown.join('; ')}`;
  return `${kind} at ${visible(path)}: ${plural(pairs, 'pair')}${share}${seen}`;
}

function cut(text: string): string {
  return text.length > VALUE_SHOWN ? `${text.slice(0, VALUE_SHOWN)}…` : text;
}

const PLAIN = /^[A-Za-z/][\w/.*~:+-]*(?: [\w/.*~:+-]+)*$/;

/** Plain where YAML takes it so, quoted else. */
function scalar(text: string): string {
  return PLAIN.test(text) && !/:(?: |$)/.test(text) ? text : JSON.stringify(text);
}
