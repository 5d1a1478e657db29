/** The largest head and the longest target that each end takes, found by halving the interval. */
import { headerValue } from '../model/exchange.ts';
import { type Ask, type End, END_NAMES, type EndName, type Ends, statusOf } from './ends.ts';
import type { Finding, SizeFact } from './finding.ts';
import type { Heard, RawClient } from './raw-client.ts';

export type SizesByEnd = Readonly<Record<EndName, SizeFact>>;

export interface SizeFacts {
  /** Request line and fields up to the empty line. */
  readonly head: SizesByEnd;
  /** What stands between method and version, path and query: often limited apart. */
  readonly target: SizesByEnd;
}

/** Bounds of the search and how exactly a limit is found. */
const HEAD_RANGE: Range = { min: 4096, max: 65_536, step: 64 };
const TARGET_RANGE: Range = { min: 1024, max: 65_536, step: 64 };

/**
 * What the fields that the proxy adds for the next hop may take of legacy's room: less than this
 * is no difference.
 */
const ADDED_MAX_BYTES = 512;

const TOO_LARGE: ReadonlySet<number> = new Set([400, 414, 431]);

interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** Asks every end with ever better sizes; `base` is a safe request that legacy takes. */
export async function measureSizes(client: RawClient, ends: Ends, base: Ask): Promise<SizeFacts> {
  const [head, target] = [
    await byEnd((end) => largest(client, end, base, HEAD_RANGE, withHeadOf)),
    await byEnd((end) => largest(client, end, base, TARGET_RANGE, withTargetOf)),
  ];
  return { head, target };

  async function byEnd(measure: (end: End) => Promise<SizeFact>): Promise<SizesByEnd> {
    const [legacy, proxy, candidate] = await Promise.all(
      END_NAMES.map((name) => measure(ends[name])),
    );
    return { legacy: legacy!, proxy: proxy!, candidate: candidate! };
  }
}

type Grow = (end: End, base: Ask, bytes: number) => Buffer;

/** The request with one more field, so that its head has exactly so many bytes. */
export function withHeadOf(end: End, base: Ask, bytes: number): Buffer {
  const grown = (filler: string): Buffer =>
    end.compose({ ...base, headers: [...base.headers, 'X-Crossfade-Probe', filler] });
  return grown('x'.repeat(Math.max(0, bytes - grown('').length)));
}

/** The request with one more query parameter, so that its target has so many bytes. */
export function withTargetOf(end: End, base: Ask, bytes: number): Buffer {
  const mark = base.target.includes('?') ? '&' : '?';
  const target = `${base.target}${mark}crossfade-probe=`;
  const filler = 'x'.repeat(Math.max(0, bytes - target.length - end.prefix.length));
  return end.compose({ ...base, target: target + filler });
}

async function largest(
  client: RawClient,
  end: End,
  base: Ask,
  range: Range,
  grow: Grow,
): Promise<SizeFact> {
  const ask = (bytes: number): Promise<Heard> =>
    client.ask(end.address, grow(end, base, bytes), false);
  // What is answered to the addition as such, however small, is no limit.
  const usual = statusOf(await ask(0));
  let refused: Heard | null = null;
  const isTaken = async (bytes: number): Promise<boolean> => {
    const heard = await ask(bytes);
    if (!isTooLarge(heard) || statusOf(heard) === usual) return true;
    refused = heard;
    return false;
  };
  const found = (bytes: number, bound: SizeFact['bound']): SizeFact => ({
    bytes,
    bound,
    refusal: refused === null ? '' : refusalOf(refused),
    isRefusedByProxy: refused !== null && proxyErrorOf(refused) === 'rejected',
  });
  if (await isTaken(range.max)) return found(range.max, 'at-least');
  if (!(await isTaken(range.min))) return found(range.min, 'below');
  let taken = range.min;
  let tooLarge = range.max;
  while (tooLarge - taken > range.step) {
    const middle = taken + Math.floor((tooLarge - taken) / 2 / range.step) * range.step;
    const next = middle === taken ? taken + range.step : middle;
    if (await isTaken(next)) taken = next;
    else tooLarge = next;
  }
  return found(taken, 'exact');
}

/**
 * What servers answer to a head that is too large, or nothing at all, which the proxy tells in
 * words of its own; every other status is one to the request itself, such as a 404 to a parameter
 * that nobody knows.
 */
function isTooLarge(heard: Heard): boolean {
  return (
    heard.kind === 'silent' || TOO_LARGE.has(heard.answer.status) || proxyErrorOf(heard) !== ''
  );
}

/** Why the proxy itself answered; '' where a side did. */
function proxyErrorOf(heard: Heard): string {
  if (heard.kind === 'silent') return '';
  return headerValue(heard.answer.headers, 'crossfade-error') ?? '';
}

function refusalOf(heard: Heard): string {
  return heard.kind === 'answered' ? String(heard.answer.status) : heard.why;
}

/** What in the sizes differs. */
export function judgeSizes(sizes: SizeFacts, headMaxBytes: number): Finding[] {
  return [
    ...judgeSize('request head', 'one header field more', sizes.head, headMaxBytes),
    ...judgeSize('request target', 'one query parameter more', sizes.target, headMaxBytes),
  ];
}

function judgeSize(
  name: string,
  how: string,
  { legacy, proxy, candidate }: SizesByEnd,
  headMaxBytes: number,
): Finding[] {
  const found: Finding[] = [];
  const add = (group: 'proxy' | 'sizes', what: string, mend: string): void => {
    found.push({ group, isDifference: true, what, where: `${name} (${how})`, mend });
  };
  if (room(proxy) + ADDED_MAX_BYTES < room(legacy)) {
    add(
      'proxy',
      `a ${name} of ${bytesText(legacy.bytes)} is taken by legacy and too large through the ` +
        `proxy, which takes ${sizeWords(proxy)}`,
      proxy.isRefusedByProxy
        ? `to mend: raise the limit of the data port, now ${bytesText(headMaxBytes)}: limits.head`
        : `to mend: raise legacy's own limit by what the proxy adds to a head (setHeaders, Via, ` +
            'X-Forwarded-For and their like), or leave this traffic on legacy',
    );
  }
  if (room(candidate) < room(legacy)) {
    add(
      'sizes',
      `a ${name} of ${bytesText(legacy.bytes)} is taken by legacy and too large for the ` +
        `candidate, which takes ${sizeWords(candidate)}`,
      `to mend: raise the candidate's limit to at least ${bytesText(legacy.bytes)}`,
    );
  } else if (room(legacy) < room(candidate)) {
    add(
      'sizes',
      `a ${name} of ${bytesText(candidate.bytes)} is taken by the candidate and too large for ` +
        `legacy, which takes ${sizeWords(legacy)}`,
      "to mend: give the candidate legacy's limit, or what grows in the canary cannot go back",
    );
  }
  return found;
}

function room({ bytes, bound }: SizeFact): number {
  return bound === 'below' ? 0 : bytes;
}

/** `up to 8,128 bytes and answers 400 to more`. */
export function sizeWords({ bytes, bound, refusal }: SizeFact): string {
  if (bound === 'at-least') return `at least ${bytesText(bytes)}`;
  const beyond = /^\d+$/.test(refusal) ? `answers ${refusal} to` : `breaks off (${refusal}) at`;
  if (bound === 'below') return `less than ${bytesText(bytes)} and ${beyond} that`;
  return `up to ${bytesText(bytes)} and ${beyond} more`;
}

function bytesText(bytes: number): string {
  return `${bytes.toLocaleString('en-US')} bytes`;
}
