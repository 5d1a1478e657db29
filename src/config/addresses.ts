import { BlockList, isIP } from 'node:net';
import type { ListenSettings } from '../model/settings.ts';

/** Called with the rest of "expected …, found …" when a text cannot be taken. */
export type Refuse = (message: string) => void;

/** `HOST:PORT` taken apart; port 0 lets the system choose. Null after a refusal. */
export function parseListen(text: string, refuse: Refuse): ListenSettings | null {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || !/^\d+$/.test(text.slice(colon + 1)) || port > 65_535) {
    refuse(`expected HOST:PORT with a port up to 65535, found "${text}"`);
    return null;
  }
  return { host, port };
}

/** Origin and path prefix without a trailing slash. Null after a refusal. */
export function parseUpstreamUrl(text: string, refuse: Refuse): string | null {
  const url = parseHttpUrl(text, refuse);
  if (url === null) return null;
  if (url.search !== '') {
    refuse(`expected a URL without a query, found "${text}"`);
    return null;
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** The URL whole, as metrics are read from it. Null after a refusal. */
export function parseMetricsUrl(text: string, refuse: Refuse): string | null {
  return parseHttpUrl(text, refuse)?.href ?? null;
}

function parseHttpUrl(text: string, refuse: Refuse): URL | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    refuse(`expected an http:// or https:// URL, found "${text}"`);
    return null;
  }
  if (url.username !== '' || url.password !== '') {
    refuse('expected a URL without credentials, found some in front of the @');
    return null;
  }
  return url;
}

/** Whether a host names this machine and cannot be reached from another. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether requests to `url` would arrive at `listen`. No name but localhost is looked up. */
export function isSameServer(listen: ListenSettings, url: string): boolean {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const defaultPort = protocol === 'https:' ? 443 : 80;
  if (listen.port === 0 || (port === '' ? defaultPort : Number(port)) !== listen.port) return false;
  const isAnyHost = listen.host === '0.0.0.0' || listen.host === '::';
  return host === listen.host || (isLoopback(host) && (isAnyHost || isLoopback(listen.host)));
}

const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');

/** Whether the URL's host is an address that only this link knows. No name is looked up. */
export function isLinkLocal(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(host);
  return version !== 0 && linkLocal.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
