/** The three ends that are compared, and a request as each of them has to get it. */
import type { RawHeaders } from '../model/exchange.ts';
import type { Settings, UpstreamSettings } from '../model/settings.ts';
import { upstreamContext } from '../wire/upstream-tls.ts';
import type { Address, Heard } from './raw-client.ts';

/** `proxy` is legacy through a proxy of our own. */
export type EndName = 'legacy' | 'proxy' | 'candidate';

export const END_NAMES: readonly EndName[] = ['legacy', 'proxy', 'candidate'];

/** A request as a client would send it. */
export interface Ask {
  readonly method: string;
  /** Path and query as bytes, one char one byte. */
  readonly target: string;
  /** Without Host, Connection and framing. */
  readonly headers: RawHeaders;
  /** The client's Host; null for legacy's own. */
  readonly host: string | null;
}

export interface End {
  readonly name: EndName;
  readonly address: Address;
  /** The bytes of the ask for this end: path prefix, Host and fields as configured for the side. */
  compose(ask: Ask): Buffer;
  /** What stands before the target, and the Host, for requests that are composed by hand. */
  readonly prefix: string;
  host(ask: Ask): string;
}

export type Ends = Readonly<Record<EndName, End>>;

/** The ends; `proxyPort` is where our own proxy listens on this machine. */
export function createEnds(settings: Settings, proxyPort: number): Ends {
  const legacyHost = new URL(settings.legacy.url).host;
  return {
    legacy: sideEnd('legacy', settings.legacy, legacyHost),
    proxy: {
      name: 'proxy',
      address: { host: '127.0.0.1', port: proxyPort, tls: null },
      prefix: '',
      host: (ask) => ask.host ?? legacyHost,
      compose: (ask) => composeRequest(ask.target, ask.host ?? legacyHost, ask.method, ask.headers),
    },
    candidate: sideEnd('candidate', settings.candidate, legacyHost),
  };
}

function sideEnd(name: 'legacy' | 'candidate', side: UpstreamSettings, legacyHost: string): End {
  const url = new URL(side.url);
  const isTls = url.protocol === 'https:';
  const prefix = url.pathname.replace(/\/$/, '');
  const host = (ask: Ask): string =>
    side.host === 'rewrite' ? url.host : (ask.host ?? legacyHost);
  return {
    name,
    address: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port === '' ? (isTls ? 443 : 80) : url.port),
      tls: isTls
        ? {
            context: upstreamContext(side.tls),
            serverName: side.tls.serverName,
            isVerified: side.tls.isVerified,
          }
        : null,
    },
    prefix,
    host,
    compose: (ask) => {
      const target = ask.target.startsWith('/') ? prefix + ask.target : ask.target;
      return composeRequest(target, host(ask), ask.method, fieldsFor(side, ask.headers));
    },
  };
}

/** The client's fields without those that the side never gets, and those that it gets anew. */
function fieldsFor(side: UpstreamSettings, headers: RawHeaders): RawHeaders {
  const replaced = new Set(side.removeHeaders);
  for (let i = 0; i < side.setHeaders.length; i += 2) {
    replaced.add(side.setHeaders[i]!.toLowerCase());
  }
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!replaced.has(headers[i]!.toLowerCase())) kept.push(headers[i]!, headers[i + 1]!);
  }
  return [...kept, ...side.setHeaders];
}

function composeRequest(target: string, host: string, method: string, headers: RawHeaders): Buffer {
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return Buffer.from(`${text}Connection: close\r\n\r\n`, 'latin1');
}

/**
 * How an end received a request. `missing` is 404 and 410, `refused` every other 4xx and what
 * says that the request itself cannot be served, `failed` the rest of 5xx, `silent` no answer.
 */
export type Reception = 'taken' | 'missing' | 'refused' | 'failed' | 'silent';

const REFUSED_5XX: ReadonlySet<number> = new Set([501, 505]);

/** The kind of what came back. */
export function receptionOf(heard: Heard): Reception {
  if (heard.kind === 'silent') return 'silent';
  const { status } = heard.answer;
  if (status < 400) return 'taken';
  if (status === 404 || status === 410) return 'missing';
  return status < 500 || REFUSED_5XX.has(status) ? 'refused' : 'failed';
}

/** The status that came back; 0 where no answer did. */
export function statusOf(heard: Heard): number {
  return heard.kind === 'answered' ? heard.answer.status : 0;
}

/** What came back, in words: `takes it (200)`, `refuses it (431)`. */
export function receptionWords(heard: Heard): string {
  if (heard.kind === 'silent') return `gives no answer (${heard.why})`;
  const { status } = heard.answer;
  const verb = {
    taken: 'takes it',
    missing: 'has nothing there',
    refused: 'refuses it',
    failed: 'fails',
    silent: 'gives no answer',
  }[receptionOf(heard)];
  return `${verb} (${status})`;
}
