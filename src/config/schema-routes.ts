/** Keys and routes: whom a request belongs to, and what is known of it. */
import { type TSchema, Type } from 'typebox';
import type { FileKeys, FileRoute } from './file-parts.ts';
import {
  CLOSED,
  place,
  pointer,
  type SchemaNode,
  text,
  token,
  valid,
  validEach,
} from './schema-forms.ts';

const pathName = text('a name of letters, digits and _', '^[A-Za-z_][A-Za-z0-9_]*$');
const fieldName = token('the name of a header field');
const cookieName = token('the name of a cookie');
const queryName = text('the name of a parameter', '^[^\\s&=#]+$');
const pathPattern = text('a pattern such as /v1/users/:user/*', '^/[^\\s?#]*$');

const pathKey = Type.Object(
  { from: Type.Literal('path'), pattern: pathPattern, name: pathName },
  { ...CLOSED, description: 'The segment `:name` of paths that fit the pattern, decoded.' },
);
const routePathKey = Type.Object(
  { from: Type.Literal('path'), pattern: Type.Optional(pathPattern), name: pathName },
  { ...CLOSED, description: "As above; without a pattern, the route's own path." },
);
const headerKey = Type.Object(
  { from: Type.Literal('header'), name: fieldName },
  { ...CLOSED, description: 'The value of a request header.' },
);
const queryKey = Type.Object(
  { from: Type.Literal('query'), name: queryName },
  { ...CLOSED, description: 'A parameter of the query string, decoded.' },
);
const cookieKey = Type.Object(
  { from: Type.Literal('cookie'), name: cookieName },
  { ...CLOSED, description: 'The value of a cookie.' },
);
const bodyKey = Type.Object(
  {
    from: Type.Literal('body'),
    path: pointer(
      'JSON Pointer into the body; `*` is every element of an array: many keys.',
      '/user_ids/*',
    ),
  },
  { ...CLOSED, description: 'Values in a JSON body; with `*` a request has many keys.' },
);
const jwtKey = Type.Object(
  {
    from: Type.Literal('jwt'),
    in: Type.Optional(Type.Enum(['header', 'cookie'], { default: 'header' })),
    name: Type.Optional(token('the name of a field or cookie')),
    claim: pointer("JSON Pointer into the token's payload.", '/sub'),
  },
  {
    ...CLOSED,
    description:
      'A claim, by its JSON Pointer (`/sub`), of a JWT in the header (default: `authorization`) ' +
      'or cookie `name`; `in` is `header` (default) or `cookie`. The token is not verified: the ' +
      'claim only decides the cohort.',
  },
);

const key = Type.Union([pathKey, headerKey, queryKey, cookieKey, bodyKey, jwtKey]);
const routeKey = Type.Union([routePathKey, headerKey, queryKey, cookieKey, bodyKey, jwtKey]);

/** One of these or a list of them. */
const SOURCES_MAX = 8;

const keys = Type.Union([...key.anyOf, Type.Array(key, { minItems: 1, maxItems: SOURCES_MAX })], {
  description:
    'Whom a request belongs to: decides the cohort and the order of writes. One source or a ' +
    'list, of which the first that a request has is taken. Without a key there is no canary: ' +
    'the candidate is only a shadow.',
});

const routeKeys = Type.Union(
  [...routeKey.anyOf, Type.Array(routeKey, { minItems: 1, maxItems: SOURCES_MAX })],
  {
    description: 'Where the keys of this route are, if not where `key` says; one source or a list.',
  },
);

const compareRule = Type.Object(
  {
    path: place(
      "JSON Pointer into the answer's body; `*` is any one segment. Or, with `ignore` alone, a " +
        'part of the answer: `status`, `body`, `header:NAME` or `trailer:NAME`.',
    ),
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
  CLOSED,
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
    idempotent: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Doing the write twice is as doing it once: one of unknown outcome may be sent to the ' +
          'shadow again. Only with `writes: mirror`.',
      }),
    ),
    verifies: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'A read that shows the whole state of its key: equal answers show that a key whose ' +
          'shadow missed a write has caught up.',
      }),
    ),
    keys: Type.Optional(routeKeys),
    compare: Type.Optional(
      Type.Array(compareRule, { maxItems: 100, description: 'How differences are looked at.' }),
    ),
  },
  CLOSED,
);

/** As the root has them. */
export const KEY: SchemaNode & TSchema = keys;
export const ROUTES: SchemaNode & TSchema = Type.Array(route, {
  maxItems: 200,
  description: 'What is known of some routes.',
});

/** The general key that fits; undefined else. */
export function keyOf(value: unknown): FileKeys | undefined {
  return valid(keys, value);
}

/** Each route that fits; undefined in place of the others. */
export function routesOf(value: unknown): (FileRoute | undefined)[] | undefined {
  return validEach(route, value);
}
