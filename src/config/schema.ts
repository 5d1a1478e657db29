import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { FileParts } from './file-parts.ts';

/**
 * The configuration file's one source: what a file may hold, what each key means and what it is
 * when left out. Checked by check.ts, exported for editors as docs/crossfade.schema.json and
 * for people as docs/configuration.md. `x-expects` completes the sentence "expected …".
 */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[] | undefined;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly 'x-expects'?: string;
}

const closed = { additionalProperties: false } as const;

function text(expects: string, pattern: string, options: Readonly<Record<string, unknown>> = {}) {
  return Type.String({ pattern, 'x-expects': expects, ...options });
}

function duration(description: string, fallback?: string) {
  return text('a duration such as 30s, 250ms or 48h', '^(0|\\d+(\\.\\d+)?\\s*(ms|s|m|h|d))$', {
    description,
    ...(fallback === undefined ? {} : { default: fallback }),
  });
}

function address(description: string, fallback?: string) {
  return text('HOST:PORT such as 127.0.0.1:8080', '^(\\[[0-9A-Fa-f:.]+\\]|[^\\s:/]+):\\d{1,5}$', {
    description,
    ...(fallback === undefined ? {} : { default: fallback }),
  });
}

function httpUrl(description: string) {
  return text('an http:// or https:// URL', '^https?://[^\\s/?#]+[^\\s#]*$', { description });
}

function pointer(description: string) {
  return text('a JSON Pointer such as /items/*/id', '^(/\\S*)?$', { description });
}

const name = text('a name of letters, digits, - and _', '^[A-Za-z_][A-Za-z0-9_-]*$');

const upstream = Type.Object(
  {
    url: httpUrl('Origin of the implementation, with a path prefix if it has one.'),
    metrics: Type.Optional(
      httpUrl(
        'Prometheus text with its memory, CPU and collections; `memory.ratio`, `cpu.ratio` and ' +
          'the attribution of spikes need it.',
      ),
    ),
  },
  closed,
);

const pathPattern = text('a pattern such as /v1/users/:user/*', '^/[^\\s?#]*$');

const pathKey = Type.Object(
  { from: Type.Literal('path'), pattern: pathPattern, name },
  { ...closed, description: 'The segment `:name` of paths that fit the pattern.' },
);
const headerKey = Type.Object(
  { from: Type.Literal('header'), name },
  { ...closed, description: 'The value of a request header.' },
);
const queryKey = Type.Object(
  { from: Type.Literal('query'), name },
  { ...closed, description: 'A parameter of the query string.' },
);
const cookieKey = Type.Object(
  { from: Type.Literal('cookie'), name },
  { ...closed, description: 'The value of a cookie.' },
);
const bodyKey = Type.Object(
  {
    from: Type.Literal('body'),
    path: pointer('JSON Pointer into the body; `*` is every element of an array: many keys.'),
  },
  { ...closed, description: 'Values in a JSON body; with `*` a request has many keys.' },
);

const routePathKey = Type.Object(
  { from: Type.Literal('path'), pattern: Type.Optional(pathPattern), name },
  { ...closed, description: "As above; without a pattern, the route's own path." },
);

const compareRule = Type.Object(
  {
    path: pointer('JSON Pointer into the answer; `*` is any one segment.'),
    as: Type.Enum(['ignore', 'set', 'tolerance', 'instant'], {
      description:
        '`ignore`: not compared. `set`: an array without order. `tolerance`: numbers may ' +
        'differ by `tolerance`. `instant`: timestamps that name the same moment are equal.',
    }),
    by: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 8,
        description: 'With `set`: fields that identify an element; by its value if left out.',
      }),
    ),
    tolerance: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'With `tolerance`: the absolute difference allowed.',
      }),
    ),
    reason: Type.Optional(Type.String({ description: 'Why the difference does not matter.' })),
    owner: Type.Optional(Type.String({ description: 'Who answers for the rule.' })),
    until: Type.Optional(
      text('a date such as 2027-01-31', '^\\d{4}-\\d{2}-\\d{2}$', {
        description: 'The last day on which the rule holds.',
      }),
    ),
  },
  closed,
);

const route = Type.Object(
  {
    match: text('METHOD and path such as GET /v1/users/:user/*', '^[A-Z-]+ /[^\\s?#]*$', {
      description:
        'Method and path; `:name` is one segment, a last `*` any rest. Also the name of the ' +
        'route in every report. The first route that fits a request is its route.',
    }),
    safe: Type.Optional(
      Type.Boolean({ default: false, description: 'A read in spite of its method.' }),
    ),
    writes: Type.Optional(
      Type.Enum(['never', 'mirror'], {
        default: 'never',
        description:
          'Whether writes go to the shadow too, in order per key. Only to a candidate that has ' +
          'its own store. Needs one worker.',
      }),
    ),
    keys: Type.Optional(
      Type.Union([routePathKey, headerKey, queryKey, cookieKey, bodyKey], {
        description: 'Where the keys of this route are, if not where `key` says.',
      }),
    ),
    compare: Type.Optional(
      Type.Array(compareRule, { maxItems: 100, description: 'How differences are looked at.' }),
    ),
  },
  closed,
);

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
  closed,
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
        description: 'Chance of a wrong pass; a wrong failure has the same bound.',
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
  closed,
);

const key = Type.Union([pathKey, headerKey, queryKey, cookieKey, bodyKey], {
  description:
    'Whom a request belongs to: decides the cohort and the order of writes. Without a key ' +
    'there is no canary: the candidate is only a shadow.',
});

const gate = Type.Union([gateText, gateObject]);

const timeouts = Type.Object(
  {
    live: Type.Optional(duration('Longest wait for a live answer; then 504.', '30s')),
    rescue: Type.Optional(
      duration("When a canary's safe request takes legacy's answer instead.", '1s'),
    ),
    shadow: Type.Optional(duration('Longest wait for a shadow answer.', '10s')),
  },
  { ...closed, description: 'Deadlines of the legs.' },
);

const record = Type.Object(
  {
    file: text('a file name', '\\S', { description: 'Where the recording is written.' }),
    maxSize: Type.Optional(
      text('a size such as 512MiB or 1GiB', '^\\d+(\\.\\d+)?\\s*(B|KiB|MiB|GiB)$', {
        default: '1GiB',
        description: 'Recording stops at this size.',
      }),
    ),
  },
  { ...closed, description: 'Record requests and both answers, credentials replaced.' },
);

const store = Type.Object(
  {
    sqlite: Type.Optional(
      text('a file name', '\\S', {
        default: './crossfade.db',
        description: 'SQLite file; control.json stands beside it.',
      }),
    ),
  },
  { ...closed, description: 'Where the rollout and its event log are kept.' },
);

const control = Type.Object(
  { listen: Type.Optional(address('Control API; loopback only.', '127.0.0.1:8081')) },
  { ...closed, description: 'The control API.' },
);

const listen = address('Where clients connect.', '127.0.0.1:8080');

const workers = Type.Integer({
  minimum: 1,
  maximum: 256,
  description: 'Proxy processes. Default: one for each core, or 1 where a route mirrors writes.',
});

const mirror = text('a share such as 100% or 0.5%', '^\\d+(\\.\\d+)?\\s*%$', {
  default: '100%',
  description: 'Share of the eligible requests that are mirrored.',
});

const schema = Type.Object(
  {
    listen: Type.Optional(listen),
    workers: Type.Optional(workers),
    legacy: { ...upstream, description: 'The old implementation.' },
    candidate: { ...upstream, description: 'The new implementation.' },
    key: Type.Optional(key),
    routes: Type.Optional(
      Type.Array(route, { maxItems: 200, description: 'What is known of some routes.' }),
    ),
    ladder: Type.Optional(
      Type.Array(step, {
        minItems: 1,
        maxItems: 100,
        description: 'The steps of the canary: from 0, always upwards.',
      }),
    ),
    gates: Type.Optional(
      Type.Array(gate, {
        maxItems: 200,
        description:
          'What must hold, as `METRIC[.QUANTILE][.ratio] < LIMIT` or as an object with `gate`.',
      }),
    ),
    mirror: Type.Optional(mirror),
    timeouts: Type.Optional(timeouts),
    record: Type.Optional(record),
    store: Type.Optional(store),
    control: Type.Optional(control),
  },
  { ...closed, title: 'Crossfade configuration' },
);

/** The schema as plain JSON Schema. */
export const CONFIG_SCHEMA: SchemaNode = schema;

function valid<T extends TSchema>(part: T, value: unknown): Static<T> | undefined {
  return Value.Check(part, value) ? value : undefined;
}

function list<T extends TSchema>(part: T, value: unknown): (Static<T> | undefined)[] | undefined {
  return Array.isArray(value) ? value.map((item: unknown) => valid(part, item)) : undefined;
}

/** The parts of a file that fit the schema; the rest, which check.ts reports, is undefined. */
export function partsOf(file: Readonly<Record<string, unknown>>): FileParts {
  return {
    listen: valid(listen, file.listen),
    workers: valid(workers, file.workers),
    legacy: valid(upstream, file.legacy),
    candidate: valid(upstream, file.candidate),
    isKeyGiven: file.key !== undefined,
    key: valid(key, file.key),
    routes: list(route, file.routes),
    ladder: list(step, file.ladder),
    gates: list(gate, file.gates),
    mirror: valid(mirror, file.mirror),
    timeouts: valid(timeouts, file.timeouts),
    record: valid(record, file.record),
    store: valid(store, file.store),
    control: valid(control, file.control),
  };
}
