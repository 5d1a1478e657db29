/** How the canary climbs: ladder, gates; and how much is mirrored, what is rescued. */
import { type TSchema, Type } from 'typebox';
import type { FileGate, FileMirror, FileNoise, FileRescue, FileStep } from './file-parts.ts';
import { CLOSED, duration, off, type SchemaNode, share, text } from './schema-forms.ts';
import { valid, validEach } from './schema-forms.ts';

const step = Type.Object(
  {
    percent: Type.Number({
      minimum: 0,
      maximum: 100,
      description: 'Share of keys that are live on the candidate, 0 to 100.',
    }),
    hold: duration('Judged time to spend here at least.'),
    peaks: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        default: 0,
        description: 'Distinct traffic peaks that must have passed.',
      }),
    ),
    approve: Type.Optional(
      Type.Boolean({ default: false, description: 'A person must approve before the next step.' }),
    ),
  },
  CLOSED,
);

const gateText = text('a gate such as latency.p99.ratio < 1.05', '^\\s*\\S+\\s*[<>=]\\s*\\S+\\s*$');

const gateObject = Type.Object(
  {
    gate: gateText,
    route: Type.Optional(
      Type.String({ description: 'Only this route, by its `match`; all together if left out.' }),
    ),
    window: Type.Optional(duration('Length of the windows that are judged.', '10s')),
    minPairs: Type.Optional(
      Type.Integer({
        minimum: 1,
        default: 1000,
        description: 'Below so many pairs the gate is inconclusive.',
      }),
    ),
    alpha: Type.Optional(
      Type.Number({
        minimum: 0.000001,
        maximum: 0.5,
        default: 0.05,
        description:
          'Chance of a wrong pass, however often one looks. Of a wrong failure: 1 % a climb ' +
          '(alpha, where that is less), which all gates and steps share evenly.',
      }),
    ),
    onFail: Type.Optional(
      Type.Enum(['rollback', 'hold'], {
        description:
          'What a failure does above 0 %. Default: `hold` for coverage, `rollback` for all ' +
          'others; at 0 % every failure holds.',
      }),
    ),
  },
  CLOSED,
);

const gate = Type.Union([gateText, gateObject]);

const autoPause = Type.Union(
  [
    off(),
    Type.Object(
      {
        p99: Type.Optional(
          Type.Number({
            minimum: 1,
            maximum: 1000,
            default: 1.5,
            description: 'Its p99 with mirroring to its p99 without.',
          }),
        ),
        errors: Type.Optional(
          share('Share of its live answers that fail, beyond the share without.', '0.1%'),
        ),
      },
      CLOSED,
    ),
  ],
  {
    'x-expects': 'off or { p99: 1.5, errors: 0.1% }',
    description:
      'When mirroring stops by itself: as soon as legacy is worse with it than without, for ' +
      'both sides may share what they stand on. To tell, one second in twenty, drawn at random, ' +
      'is left without mirroring (a baseline second; one in two while legacy is under ' +
      'suspicion): its reads are counted as skipped, `baseline`. `off`: never, and every second ' +
      'is mirrored.',
  },
);

const mirror = Type.Union(
  [
    share('Short for `{ percent }`.', '100%'),
    Type.Object(
      {
        percent: Type.Optional(
          share('Share of the keys (of the requests, where they have none).', '100%'),
        ),
        maxRate: Type.Optional(
          Type.Union(
            [
              text('a rate such as 500/s', '^\\d+(\\.\\d+)?\\s*/\\s*s$'),
              Type.Number({ minimum: 0 }),
            ],
            { description: 'Mirrored requests a second, all proxies together: 500/s or 500.' },
          ),
        ),
        routes: Type.Optional(
          Type.Array(Type.String(), {
            minItems: 1,
            maxItems: 200,
            description: 'Only reads of these routes, by their `match`. Default: all reads.',
          }),
        ),
        autoPause: Type.Optional(autoPause),
      },
      CLOSED,
    ),
  ],
  { description: 'How much of what may be mirrored is. The rest is counted as skipped.' },
);

const noise = Type.Union(
  [
    off(),
    Type.Object(
      {
        twin: Type.Optional(
          share('Share of the mirrored reads that the twin is asked as well.', '10%'),
        ),
        reask: Type.Optional(
          share(
            'Without a twin: share of the mirrored reads that legacy is asked once more. Adds as ' +
              "much to legacy's load.",
            '0%',
          ),
        ),
      },
      CLOSED,
    ),
  ],
  {
    'x-expects': 'off or { twin: 10%, reask: 1% }',
    description:
      'How often legacy is held against itself, to tell noise from differences: in no count of ' +
      'pairs, never while a write of the key is under way, never a write. `off`: never.',
  },
);

const rescue = Type.Union(
  [
    off(),
    Type.Object(
      { after: Type.Optional(duration('How long the candidate may take.', '1s')) },
      CLOSED,
    ),
  ],
  {
    'x-expects': 'off or { after: 1s }',
    description:
      "When a canary's read gets legacy's answer: the candidate failed, or took longer than " +
      '`after`. Never for writes. `off`: never.',
  },
);

/** As the root has them. */
export const LADDER: SchemaNode & TSchema = Type.Array(step, {
  minItems: 1,
  maxItems: 100,
  description: 'The steps of the canary: from 0, always upwards.',
});
export const GATES: SchemaNode & TSchema = Type.Array(gate, {
  maxItems: 200,
  description:
    'What must hold, as `METRIC[.QUANTILE][.ratio] < LIMIT` or as an object with `gate`.',
});
export const MIRROR: SchemaNode & TSchema = mirror;
export const NOISE: SchemaNode & TSchema = noise;
export const RESCUE: SchemaNode & TSchema = rescue;

/** The parts of the climb that fit; undefined in place of each that does not. */
export function climbOf(given: Readonly<Record<string, unknown>>): {
  readonly ladder: (FileStep | undefined)[] | undefined;
  readonly gates: (string | FileGate | undefined)[] | undefined;
  readonly mirror: string | FileMirror | undefined;
  readonly noise: FileNoise | undefined;
  readonly rescue: FileRescue | undefined;
} {
  return {
    ladder: validEach(step, given['ladder']),
    gates: validEach(gate, given['gates']),
    mirror: valid(mirror, given['mirror']),
    noise: valid(noise, given['noise']),
    rescue: valid(rescue, given['rescue']),
  };
}
