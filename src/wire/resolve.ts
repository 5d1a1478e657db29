/**
 * Names to addresses. The live side asks the system, as every client on the machine does; a
 * shadow has a resolver of its own and never waits for, nor holds, the threads that the live
 * side's lookups need. Both remember answers for a moment.
 */
import { promises } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { codeOf } from '../kit/errors.ts';

export interface Resolved {
  readonly addresses: readonly string[];
  /** Written down by an operator: a literal address, `localhost`, or the hosts file. */
  readonly isDeclared: boolean;
}

/** `done` gets the addresses, or the failure's code. Called later, never within the call. */
export type Resolve = (done: (found: Resolved | string) => void) => void;

const KEPT_MS = 5000;
const FAILURE_KEPT_MS = 1000;
/** How long old addresses serve while new ones cannot be had. */
const STALE_MAX_MS = 60_000;
const QUERY_MAX_MS = 1000;
const HOSTS_FILE = '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';

/** Never rejects: a text is the failure's code. */
type Ask = () => Promise<Resolved | string>;

/**
 * Resolves one host name; `isShadow` keeps it off the live side's threads. `nameServers` are
 * asked for a shadow's, `ADDRESS[:PORT]` each; those of the system unless given.
 */
export function createResolve(
  host: string,
  isShadow: boolean,
  nameServers?: readonly string[],
): Resolve {
  if (isIP(host) !== 0) {
    const literal: Resolved = { addresses: [host], isDeclared: true };
    return (done) => queueMicrotask(() => done(literal));
  }
  const ask = isShadow ? ownQueries(host, nameServers) : systemLookup(host);
  return remembering(ask, () => performance.now());
}

function systemLookup(host: string): Ask {
  return async () => {
    try {
      const found = await promises.lookup(host, { all: true });
      return { addresses: found.map(({ address }) => address), isDeclared: false };
    } catch (error) {
      return codeOf(error);
    }
  };
}

function ownQueries(host: string, nameServers: readonly string[] | undefined): Ask {
  const resolver = new promises.Resolver({ timeout: QUERY_MAX_MS, tries: 1 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  return () => query(resolver, host);
}

async function query(resolver: promises.Resolver, host: string): Promise<Resolved | string> {
  const declared = declaredIn(await textOf(HOSTS_FILE), host);
  if (declared.length > 0) return { addresses: declared, isDeclared: true };
  let failure = '';
  for (const name of fullNames(await textOf(RESOLVER_FILE), host)) {
    const found = await addressesOf(resolver, name);
    if (typeof found !== 'string') return { addresses: found, isDeclared: false };
    if (failure === '') failure = found;
    // Whoever does not answer for one name will not for the next.
    if (found !== 'ENOTFOUND' && found !== 'ENODATA') break;
  }
  return failure;
}

/** Addresses of either kind, those of IPv4 first; the failure's code when there are none. */
async function addressesOf(
  resolver: promises.Resolver,
  name: string,
): Promise<readonly string[] | string> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const found = [
    ...(four.status === 'fulfilled' ? four.value : []),
    ...(six.status === 'fulfilled' ? six.value : []),
  ];
  if (found.length > 0) return found;
  return codeOf(four.status === 'rejected' ? four.reason : null) || 'ENODATA';
}

async function textOf(path: string): Promise<string> {
  // Without the file nothing is declared; the resolver tells the rest.
  return readFile(path, 'utf8').catch(() => '');
}

/** Addresses that the text of a hosts file gives a name; `localhost` is one without any file. */
export function declaredIn(text: string, host: string): readonly string[] {
  const wanted = host.toLowerCase();
  if (wanted === 'localhost' || wanted.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((name) => name.toLowerCase() === wanted)) {
      found.push(address);
    }
  }
  return found;
}

/**
 * The names to ask for, in order, as the text of resolv.conf completes a short one: with its
 * search list behind it, and as it stands first where it has dots enough.
 */
export function fullNames(text: string, host: string): readonly string[] {
  if (host.endsWith('.')) return [host];
  const suffixes = /^\s*search\s+(.+)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const enough = Number(/^\s*options\s.*\bndots:(\d{1,2})/m.exec(text)?.[1] ?? 1);
  const completed = suffixes.map((suffix) => `${host}.${suffix.replace(/\.$/, '')}`);
  const isFull = host.split('.').length > enough;
  return isFull ? [host, ...completed] : [...completed, host];
}

/** Asks at most once at a time, and not again while an answer is fresh. */
export function remembering(ask: Ask, nowMs: () => number): Resolve {
  let known: Resolved | string = '';
  let untilMs = -Infinity;
  let good: Resolved | null = null;
  let goodUntilMs = -Infinity;
  let waiting: ((found: Resolved | string) => void)[] | null = null;

  const learn = (found: Resolved | string): void => {
    known = found;
    untilMs = nowMs() + (typeof found === 'string' ? FAILURE_KEPT_MS : KEPT_MS);
    if (typeof found !== 'string') {
      good = found;
      goodUntilMs = nowMs() + STALE_MAX_MS;
    } else if (good !== null && nowMs() < goodUntilMs) known = good;
  };
  const renew = async (): Promise<void> => {
    learn(await ask());
    const told = waiting ?? [];
    waiting = null;
    for (const done of told) done(known);
  };
  return (done) => {
    if (nowMs() < untilMs) {
      const fresh = known;
      queueMicrotask(() => done(fresh));
    } else if (waiting === null) {
      waiting = [done];
      void renew();
    } else waiting.push(done);
  };
}
