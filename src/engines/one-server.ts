/** At the start: whether legacy and the candidate are one server by other names. */
import { CrossfadeError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { areAlikeButForAddress, hostOf, placeOf } from '../kit/server-place.ts';
import type { Settings } from '../model/settings.ts';
import { createResolve, type Resolve } from '../wire/resolve.ts';

/** A name that is not resolved by then says nothing; each connection asks again. */
const RESOLVED_WITHIN_MS = 2000;

/**
 * Throws `same-server` (exit 2) where writes are mirrored and both names stand for one address;
 * where only reads are, it is said and allowed. `resolve` asks the system unless given.
 */
export async function requireTwoServers(
  { legacy, candidate, routes }: Settings,
  log: Log,
  resolve: (host: string) => Resolve = (host) => createResolve(host, false),
): Promise<void> {
  if (!areAlikeButForAddress(legacy, candidate)) return;
  const [ones, others] = await Promise.all(
    [legacy, candidate].map(({ url }) => addressesOf(resolve(hostOf(url)))),
  );
  const places = new Set(ones!.map(placeOf));
  const address = others!.find((each) => places.has(placeOf(each)));
  if (address === undefined) return;
  const urls = { legacy: legacy.url, candidate: candidate.url, address };
  if (!routes.some(({ writes }) => writes === 'mirror')) {
    log.warn(urls, 'legacy and candidate are the same server: it is compared with itself');
    return;
  }
  throw new CrossfadeError(
    'same-server',
    `legacy and candidate are the same server: ${legacy.url} and ${candidate.url} are both at ` +
      address,
    {
      hint:
        "name the candidate's own address, port or path; where one balancer tells them apart by " +
        'their names, set host: rewrite for both',
    },
  );
}

function addressesOf(resolve: Resolve): Promise<readonly string[]> {
  return new Promise((done) => {
    const timer = setTimeout(() => done([]), RESOLVED_WITHIN_MS);
    resolve((found) => {
      clearTimeout(timer);
      done(typeof found === 'string' ? [] : found.addresses);
    });
  });
}
