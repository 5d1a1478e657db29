/** How long each end keeps a silent connection, between two requests and within one. */
import { formatDuration } from '../kit/units.ts';
import { type Ask, END_NAMES, type EndName, type Ends } from './ends.ts';
import type { Finding } from './finding.ts';
import type { RawClient, Silence } from './raw-client.ts';

export type SilenceByEnd = Readonly<Record<EndName, Silence>>;

export interface TimeFacts {
  /** After an answer, before the next request. */
  readonly idle: SilenceByEnd;
  /** In the middle of a request's head. */
  readonly head: SilenceByEnd;
  /** The longest that was waited. */
  readonly waitedMs: number;
}

/** Two ends that close within this of each other close alike. */
const ALIKE_MS = 1000;

/** All ends at once, so that it takes hardly longer than `maxMs`. */
export async function measureSilences(
  client: RawClient,
  ends: Ends,
  base: Ask,
  maxMs: number,
): Promise<TimeFacts> {
  const measure = async (isPart: boolean): Promise<SilenceByEnd> => {
    const [legacy, proxy, candidate] = await Promise.all(
      END_NAMES.map((name) => {
        const end = ends[name];
        const whole = end.compose(base).toString('latin1').replace('Connection: close\r\n', '');
        const text = isPart ? whole.slice(0, -2) : whole;
        return client.silence(end.address, Buffer.from(text, 'latin1'), isPart, maxMs);
      }),
    );
    return { legacy: legacy!, proxy: proxy!, candidate: candidate! };
  };
  const [idle, head] = await Promise.all([measure(false), measure(true)]);
  return { idle, head, waitedMs: maxMs };
}

/** What in the time limits differs, or should be known. */
export function judgeSilences(facts: TimeFacts): Finding[] {
  const { idle, head } = facts;
  return [
    ...sooner(idle, 'an idle connection', 'keep-alive', 'limits.keepAlive'),
    ...sooner(head, 'a connection with half a request', 'request head', 'limits.headTime'),
    ...endsWith(idle.legacy, 'legacy'),
    ...endsWith(idle.candidate, 'candidate'),
  ];
}

function sooner(
  { legacy, proxy, candidate }: SilenceByEnd,
  what: string,
  where: string,
  setting: string,
): Finding[] {
  const kept = (silence: Silence): number => silence.closedAfterMs ?? Number.POSITIVE_INFINITY;
  const found: Finding[] = [];
  if (kept(proxy) + ALIKE_MS < kept(legacy)) {
    found.push({
      group: 'time',
      isDifference: true,
      what:
        `the proxy closes ${what} after ${keptWords(proxy)}, legacy ` +
        `${legacy.closedAfterMs === null ? 'keeps it' : `after ${keptWords(legacy)}`}: whoever ` +
        'relies on the longer time, such as a balancer in front, meets closed connections',
      where,
      mend: `to mend: set ${setting} to legacy's time or more`,
    });
  }
  const gapMs = Math.abs(kept(legacy) - kept(candidate));
  if (gapMs > ALIKE_MS) {
    found.push({
      group: 'time',
      isDifference: false,
      what: `${what} is closed by legacy ${whenWords(legacy)}, by the candidate ${whenWords(
        candidate,
      )}; clients meet the proxy's limit instead`,
      where,
      mend: '',
    });
  }
  return found;
}

function endsWith(silence: Silence, name: 'legacy' | 'candidate'): Finding[] {
  const isClosed = silence.closedAfterMs !== null && silence.closedAfterMs < ALIKE_MS;
  if (!isClosed) return [];
  return [
    {
      group: 'time',
      isDifference: false,
      what: `${name === 'legacy' ? 'legacy' : 'the candidate'} closes its connection after each \
answer: every request to it pays for a new one, in its latency too`,
      where: 'keep-alive',
      mend: `let ${name === 'legacy' ? 'legacy' : 'the candidate'} keep connections open`,
    },
  ];
}

/** `after 5.0s`, `not within 10s`. */
export function whenWords(silence: Silence): string {
  if (silence.closedAfterMs === null) return 'not as long as was waited';
  return `after ${keptWords(silence)}`;
}

function keptWords({ closedAfterMs, promisedSec }: Silence): string {
  const promised = promisedSec === null ? '' : ` (promised: ${promisedSec}s)`;
  return `${formatDuration(closedAfterMs ?? 0)}${promised}`;
}
