/** The two sides: where they are, what they are sent, whom they believe. */
import { type TSchema, Type } from 'typebox';
import type { FileSecret, FileUpstream } from './file-parts.ts';
import {
  CLOSED,
  described,
  file,
  httpUrl,
  type SchemaNode,
  text,
  token,
  valid,
} from './schema-forms.ts';

const secretText = text('a text without control characters', '^[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$', {
  writeOnly: true,
});

const secretElsewhere = Type.Object(
  {
    env: Type.Optional(
      text('the name of an environment variable', '^[A-Za-z_][A-Za-z0-9_]*$', {
        description: 'Environment variable that holds it.',
      }),
    ),
    file: Type.Optional(file('File whose first line holds it.')),
  },
  CLOSED,
);

const secret = Type.Union([secretText, secretElsewhere]);

const fieldName = token('the name of a header field');

const headers = Type.Object(
  {
    set: Type.Optional(
      Type.Unsafe<Readonly<Record<string, FileSecret>>>({
        type: 'object',
        propertyNames: fieldName,
        additionalProperties: described(
          secret,
          'Its value, sent in place of whatever the client sends: a text, or `{ env: NAME }`, ' +
            'or `{ file: PATH }`. No message shows it.',
        ),
        description: 'Fields that every request to this side has.',
      }),
    ),
    remove: Type.Optional(
      Type.Array(fieldName, {
        maxItems: 100,
        description: 'Fields that no request to this side has.',
      }),
    ),
  },
  { ...CLOSED, description: 'Header fields of requests to this side, else as the client sends.' },
);

const tls = Type.Object(
  {
    ca: Type.Optional(file("Certificates (PEM) to trust instead of the system's.")),
    cert: Type.Optional(file("The proxy's own certificate (PEM), for a side that asks for one.")),
    key: Type.Optional(file("That certificate's private key (PEM, no passphrase).")),
    serverName: Type.Optional(
      text('a host name', '^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$', {
        description: "Name to ask for (SNI) and to check. Default: the URL's host.",
      }),
    ),
    verify: Type.Optional(
      Type.Boolean({ default: true, description: '`false` takes any certificate.' }),
    ),
  },
  { ...CLOSED, description: 'TLS towards an https:// side.' },
);

const strip = Type.Object(
  {
    headers: Type.Optional(Type.Array(fieldName, { maxItems: 100, description: 'Header fields.' })),
    query: Type.Optional(
      Type.Array(text('the name of a parameter', '^[^&=#\\s]+$'), {
        maxItems: 100,
        description: 'Parameters of the query string, decoded.',
      }),
    ),
  },
  {
    ...CLOSED,
    description: 'With `trusted: false`: what is a credential though its name does not say so.',
  },
);

const upstream = Type.Object(
  {
    url: httpUrl('Origin of the implementation, with a path prefix if it has one.'),
    metrics: Type.Optional(
      httpUrl(
        'Prometheus text with its memory, CPU and collections; `memory.ratio`, `cpu.ratio` and ' +
          'the attribution of spikes need it.',
      ),
    ),
    host: Type.Optional(
      Type.Enum(['preserve', 'rewrite'], {
        default: 'preserve',
        description: "Host field sent: the client's own, or that of `url`.",
      }),
    ),
    headers: Type.Optional(headers),
    tls: Type.Optional(tls),
    trusted: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          '`false`: as the shadow it is sent no credentials of clients (cookies, fields and ' +
          'query parameters that by their names are some), only what `headers.set` gives it. ' +
          'Paths and bodies are as clients send them.',
      }),
    ),
    strip: Type.Optional(strip),
  },
  CLOSED,
);

/** A side as the root has it. */
export function upstreamNode(description: string): SchemaNode {
  const node: TSchema = upstream;
  return { ...node, description };
}

/**
 * A side that fits; undefined else. A name that no field can have is told already, and left out
 * here, so that what is wrong with the others is told together with it.
 */
export function upstreamOf(value: unknown): FileUpstream | undefined {
  return valid(upstream, value) ?? valid(upstream, withoutBadNames(value));
}

function withoutBadNames(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value['headers'])) return value;
  const { set, remove, ...rest } = value['headers'];
  const isName = (name: unknown): boolean => valid(fieldName, name) !== undefined;
  const headers = {
    ...rest,
    ...(isRecord(set)
      ? { set: Object.fromEntries(Object.entries(set).filter(([name]) => isName(name))) }
      : {}),
    ...(Array.isArray(remove) ? { remove: remove.filter(isName) } : {}),
  };
  return { ...value, headers };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const overrides = Type.Object(
  { secret: described(secret, 'At least 16 characters, as a value of `headers.set`.') },
  {
    ...CLOSED,
    description:
      'Testers choose their side by a signed `crossfade-side` field, which `crossfade override` ' +
      'makes. What they send is no evidence. Without a secret the field chooses nothing.',
  },
);

/** As the root has it. */
export const OVERRIDES: SchemaNode = overrides;

/** What fits; undefined else. */
export function overridesOf(value: unknown): { readonly secret: FileSecret } | undefined {
  return valid(overrides, value);
}
