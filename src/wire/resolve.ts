/**
 * Names to addresses. The live side asks the system, as every client on the machine does; a
 * shadow has a resolver of its own and never waits for, nor holds, the threads that the live
 * side's lookups need. Both remember answers for a moment.
 */
import { lookup, Resolver } from 'node:dns';
import { readFile } from 'node:fs';
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
const QUERY_MAX_MS = 1000;
const HOSTS_FILE = '/etc/hosts';

type Ask = (done: (found: Resolved | string) => void) => void;

/** Resolves one host name; `isShadow` keeps it off the live side's threads. */
export function createResolve(host: string, isShadow: boolean): Resolve {
  if (isIP(host) !== 0) {
    const literal: Resolved = { addresses: [host], isDeclared: true };
    return (done) => queueMicrotask(() => done(literal));
  }
  return remembering(isShadow ? ownQueries(host) : systemLookup(host));
}

function systemLookup(host: string): Ask {
  return (done) => {
    lookup(host, { all: true }, (error, found) => {
      if (error !== null) done(codeOf(error));
      else done({ addresses: found.map(({ address }) => address), isDeclared: false });
    });
  };
}

function ownQueries(host: string): Ask {
  const resolver = new Resolver({ timeout: QUERY_MAX_MS, tries: 1 });
  return (done) => {
    fromHostsFile(host, (declared) => {
      if (declared.length > 0) {
        done({ addresses: declared, isDeclared: true });
        return;
      }
      resolver.resolve4(host, (error4, four) => {
        if (error4 === null && four.length > 0) {
          done({ addresses: four, isDeclared: false });
          return;
        }
        resolver.resolve6(host, (error6, six) => {
          if (error6 === null && six.length > 0) done({ addresses: six, isDeclared: false });
          else done(codeOf(error4 ?? error6));
        });
      });
    });
  };
}

/** Addresses that the machine's own file gives a name; `localhost` is one without any file. */
function fromHostsFile(host: string, done: (addresses: readonly string[]) => void): void {
  const wanted = host.toLowerCase();
  if (wanted === 'localhost' || wanted.endsWith('.localhost')) {
    done(['127.0.0.1', '::1']);
    return;
  }
  readFile(HOSTS_FILE, 'utf8', (error, text) => {
    // Without a file no name is declared; the resolver tells the rest.
    const lines = error === null ? text.split('\n') : [];
    const found: string[] = [];
    for (const line of lines) {
      const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
      if (names.some((name) => name.toLowerCase() === wanted) && isIP(address) !== 0) {
        found.push(address);
      }
    }
    done(found);
  });
}

/** Asks at most once at a time, and not again while an answer is fresh. */
function remembering(ask: Ask): Resolve {
  let known: Resolved | string | null = null;
  let untilMs = 0;
  let waiting: ((found: Resolved | string) => void)[] | null = null;
  return (done) => {
    if (known !== null && performance.now() < untilMs) {
      const fresh = known;
      queueMicrotask(() => done(fresh));
      return;
    }
    if (waiting !== null) {
      waiting.push(done);
      return;
    }
    waiting = [done];
    ask((found) => {
      known = found;
      untilMs = performance.now() + (typeof found === 'string' ? FAILURE_KEPT_MS : KEPT_MS);
      const told = waiting ?? [];
      waiting = null;
      for (const each of told) each(found);
    });
  };
}
