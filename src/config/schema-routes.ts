/** Keys, routes and compare rules: whom a request belongs to, and what is known of it. */
import { type TSchema, Type } from 'typebox';
import { DIVERGENCE_KINDS } from '../model/pair.ts';
import { RULE_FORMS } from '../model/settings.ts';
import type { FileKeys, FileRoute, FileRule } from './file-parts.ts';
import {
  CLOSED,
  duration,
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

const kind = Type.Enum([...DIVERGENCE_KINDS]);

const kinds = Type.Union([kind, Type.Array(kind, { minItems: 1, maxItems: 64 })], {
  description: 'Only divergences of this kind are excused, or of one of these; of all by default.',
});

const tolerance = Type.Union(
  [
    Type.Number({ minimum: 0 }),
    text('a share such as 1%', '^\\d+(\\.\\d+)?\\s*%$', {
      description: 'Of the greater of the two numbers.',
    }),
  ],
  {
    'x-expects': 'a number of at least 0, or a share such as 1%',
    description: 'With `tolerance`: the difference allowed, absolute or of the greater number.',
  },
);

const compareRule = Type.Object(
  {
    path: Type.Optional(
      place(
        "JSON Pointer into the answer's body; `*` is any one segment, `**` any number of them. " +
          'Or a part of the answer: `status`, `body`, `header:NAME` or `trailer:NAME`. Required ' +
          'but with `map`.',
      ),
    ),
    kind: Type.Optional(kinds),
    as: Type.Optional(
      Type.Enum([...RULE_FORMS], {
        description:
          'What is made of a difference; see [Forms of rules](#forms-of-rules). May be left out ' +
          'where `tolerance`, `pattern`, `within` or `map` says it.',
      }),
    ),
    by: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 8,
        description:
          'With `set` and `multiset`: fields that identify an element; by its value if left out.',
      }),
    ),
    tolerance: Type.Optional(tolerance),
    pattern: Type.Optional(
      text('a regular expression', '^[\\s\\S]+$', {
        description:
          "With `pattern`: both values fit it, each as a whole. RE2's syntax: no look-around, no " +
          'back-references.',
      }),
    ),
    within: Type.Optional(duration('With `within`: how far apart two moments may be.')),
    map: Type.Optional(
      text('a module and what it exports, such as ./shapes.ts#flat', '^[^#]+#[A-Za-z_$][\\w$]*$', {
        description:
          'With `map`: a pure function of your own, `(answer, side) => value`, that makes of ' +
          "each answer's body what is compared in its place. Against the file's own folder.",
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

const unproven = Type.Object(
  {
    as: Type.Enum(['accept'], { description: 'The route may be left unproven.' }),
    reason: text('why', '\\S', { description: 'Why that is no danger.' }),
    owner: text('who answers for it', '\\S', { description: 'Who answers for it.' }),
  },
  {
    ...CLOSED,
    description:
      'With a gate on `mismatch.rate` each route is proved by itself: until enough of its pairs ' +
      'were compared it is unproven, and 100 % is not reached. This lets it pass all the same.',
  },
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
    referee: Type.Optional(
      Type.Enum(['on', 'off'], {
        default: 'on',
        description:
          'Whether a read with different answers is asked again on both sides, once no write of ' +
          'its key is under way: what is gone then was a race with a write. `off`: reads that a ' +
          'write overlaps are not compared at all.',
      }),
    ),
    keys: Type.Optional(routeKeys),
    compare: Type.Optional(
      Type.Array(compareRule, { maxItems: 100, description: 'How differences are looked at.' }),
    ),
    unproven: Type.Optional(unproven),
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

/** Rules as the root has them. */
export const COMPARE: SchemaNode & TSchema = Type.Array(compareRule, {
  maxItems: 100,
  description:
    'Rules for all routes, and for requests that match none; those of a route come before them.',
});

/** Each rule that fits; undefined in place of the others. */
export function rulesOf(value: unknown): (FileRule | undefined)[] | undefined {
  return validEach(compareRule, value);
}
