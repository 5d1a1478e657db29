import { writeFileSync } from 'node:fs';
import { F_ROWS } from '../wire/f-rows.ts';
import { LONGEST_RUN } from '../wire/longest-run.ts';
import { R_ROWS } from '../wire/r-rows.ts';
import type { WireRow } from '../wire/rows.ts';
import { W_ROWS } from '../wire/w-rows.ts';

/** Every row of the three tables, in order. */
export const ALL_ROWS: readonly WireRow[] = [...W_ROWS, ...F_ROWS, ...R_ROWS];

/** The page made from the tables: path from the root and text. */
export function wireDocs(): { readonly path: string; readonly text: string } {
  const sections = [
    INTRODUCTION,
    section('W: the bytes of requests', W_ROWS),
    section('F: what a forwarding hop owes both ends', F_ROWS),
    section('R: hostile and broken answers, live and as shadow', R_ROWS),
    streams(),
  ];
  return { path: 'docs/wire.md', text: sections.join('\n') };
}

function section(title: string, rows: readonly WireRow[]): string {
  const lines = rows.map(
    (row) =>
      `| ${row.id} | ${cell(row.input)} | ${cell(row.expected)} | ${cell(row.clause)} | ` +
      `${inputsOf(row)} | ${cell(statusOf(row))} |`,
  );
  const head = '| id | input | expected | clause | inputs | status |\n|---|---|---|---|--:|---|';
  return `## ${title}\n\n${head}\n${lines.join('\n')}\n`;
}

/** How many inputs its tables hold; a scenario is told apart. */
function inputsOf({ requests = [], answers = [] }: WireRow): string {
  const count = requests.length + answers.length;
  return count === 0 ? 'scenario' : String(count);
}

function statusOf({ deviation, note }: WireRow): string {
  const status = deviation === undefined ? 'as expected' : `deviation: ${deviation}`;
  return note === undefined ? status : `${status}; ${note}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function total(): string {
  const inputs = ALL_ROWS.flatMap(({ requests = [], answers = [] }) => [...requests, ...answers]);
  const deviations = ALL_ROWS.filter(({ deviation }) => deviation !== undefined).length;
  const scenarios = ALL_ROWS.filter((row) => inputsOf(row) === 'scenario').length;
  return (
    `${ALL_ROWS.length} rows with ${inputs.length} inputs, and ${scenarios} of the rows as ` +
    `scenarios; deviations: ${deviations === 0 ? 'none' : deviations}.`
  );
}

const INTRODUCTION = `# The wire

<!-- Made by \`node test/support/wire-docs.ts\` from test/wire/. -->

What the proxy does with every byte that it may be sent, by clients and by sides. Both ends are
framed by src/wire alone: requests are read strictly, and what two readers could take for two
different requests is refused, never mended.

${total()}

How it is tested (\`npx vitest run --project integration test/integration/wire-table\`): each
input goes through the whole proxy, over real sockets.

- *W and F, requests*: once in one segment, once one byte a segment, behind canaries: a further
  request on the same connection (in the same segment where it is one) and one on another must
  come back with their own marks. The list of requests that each side has got must be exactly the
  expected one; the shadow’s copies must equal the live requests but for their mark; a refusal
  must be counted under its reason (\`rejected\` in \`status\`), answered and closed.
- *Refused* requests reach no side. Where a body turns out to be broken when its head has been
  forwarded, the live leg is broken off, so that its side never sees the request whole, and
  nothing is mirrored.
- *R and F, answers*: a side sends exactly these bytes, once as live (the client gets what the
  row says) and once as shadow (the client gets legacy’s answer untouched, and the pair is counted
  for what it is).
- *Scenarios* are told by their row’s id in test/integration/wire-table-scenes-*.test.ts.
`;

function streams(): string {
  const { streams: count, seed, desyncs, commit, date } = LONGEST_RUN;
  const run =
    `${count.toLocaleString('en-US')} streams from seed ${seed}: ${desyncs} desyncs ` +
    `(commit ${commit}, ${date}).`;
  return `## Generated streams

A seeded generator writes streams of one to four pipelined requests: random methods, targets,
fields and bodies, by length and in random chunks with extensions and trailers. Six in ten are
then damaged: bytes flipped, cut out, put in; lines doubled, dropped, added; chunk lines, lengths
and line ends misspelt; ends cut off or repeated. Each is sent in random segments through the
whole proxy to recording sides. A reader of its own, written apart from src/wire, says what may be
forwarded. A *desync* is any of these: a side gets a request (line, fields or body) that the
reader does not allow; an answer is not that of its request; a request is delivered twice, or
without its answer; the last request of a connection does not come back with its own mark; a
stream that nothing was done to is not answered whole; a connection hangs.

- In every test run: 100,000 streams, \`npx vitest run --project property wire-streams\`.
- For as long as one likes: \`node bench/soak.ts --streams 10000000 --seed 1\`.

The longest run so far: ${run}
`;
}

if (import.meta.main) {
  const { path, text } = wireDocs();
  writeFileSync(path, text);
}
