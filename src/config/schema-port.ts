/** The data port: where clients connect, what they may send, whom it believes. */
import { Type } from 'typebox';
import type { FileLimits, FilePortTls } from './file-parts.ts';
import { CLOSED, duration, file, type SchemaNode, size, text, valid } from './schema-forms.ts';

const tls = Type.Object(
  {
    cert: file(
      'Certificate (PEM), with those between it and the root. Read anew by a reload, which ' +
        'refuses an expired one; `status` warns two weeks before it expires.',
    ),
    key: file('Its private key (PEM, no passphrase).'),
    clientCa: Type.Optional(file('Clients must show a certificate signed by one of these (PEM).')),
  },
  { ...CLOSED, description: 'TLS towards clients. Without it they speak plain HTTP.' },
);

const limits = Type.Object(
  {
    head: Type.Optional(
      size("A request's line and fields; beyond it 431, or 414 for its target.", '32KiB'),
    ),
    body: Type.Optional(
      text('none or a size such as 5GiB', '^(none|\\d+(\\.\\d+)?\\s*(B|KiB|MiB|GiB))$', {
        default: 'none',
        description: "A request's body; beyond it 413.",
      }),
    ),
    headTime: Type.Optional(
      duration("From a request's first byte to the end of its fields; then 408.", '60s'),
    ),
    bodyIdle: Type.Optional(duration("Silence within a request's body; then 408.", '60s')),
    keepAlive: Type.Optional(
      duration(
        'Silence between requests before a connection is closed. Longer than that of a ' +
          'balancer in front.',
        '65s',
      ),
    ),
    answerHead: Type.Optional(size("An answer's line and fields; beyond it 502.", '64KiB')),
  },
  { ...CLOSED, description: 'What one request may take.' },
);

const proxyProtocol = Type.Boolean({
  default: false,
  description:
    'Every connection begins with a PROXY protocol header (version 1 or 2) that names the ' +
    'client. With `trustedHops` the headers of those peers alone are taken, and connections of ' +
    'others are closed; without it every peer is believed, and only the balancer may be able to ' +
    'reach the port.',
});

const trustedHops = Type.Array(
  text('an address or a block of them such as 10.0.0.0/8', '^[0-9A-Fa-f:.]+(/\\d{1,3})?$'),
  {
    maxItems: 1000,
    description:
      'Peers whose forwarding fields are believed and added to: Forwarded, X-Forwarded-* of any ' +
      'name, X-Real-IP, X-Client-IP, True-Client-IP, CF-Connecting-IP and their like. Those of ' +
      'all others are removed, as is each that is spelled with `_` for `-`; X-Forwarded-For, ' +
      '-Proto and -Host are then told anew. Behind a PROXY header the client that it names has ' +
      'to be listed too, for the fields are what that one says.',
  },
);

/** As the root has them. */
export const PORT: Readonly<
  Record<'tls' | 'proxyProtocol' | 'trustedHops' | 'limits', SchemaNode>
> = { tls, proxyProtocol, trustedHops, limits };

/** The parts of the port that fit; undefined in place of each that does not. */
export function portOf(given: Readonly<Record<string, unknown>>): {
  readonly tls: FilePortTls | undefined;
  readonly proxyProtocol: boolean | undefined;
  readonly trustedHops: readonly string[] | undefined;
  readonly limits: FileLimits | undefined;
} {
  return {
    tls: valid(tls, given['tls']),
    proxyProtocol: valid(proxyProtocol, given['proxyProtocol']),
    trustedHops: valid(trustedHops, given['trustedHops']),
    limits: valid(limits, given['limits']),
  };
}
