/**
 * What would change if Crossfade stood in front of legacy. In: settings and a sample of
 * requests. Out: findings and facts. It asks legacy directly, legacy through a proxy of its own
 * (mirror off), and the candidate; it never sends a method that could change something, and
 * never a request whose path says that it does.
 */
import { assertReachable } from '../../replay/reachable.ts';
import type { Settings } from '../model/settings.ts';
import { type AskedFact, type Basis, createBasis } from './basis.ts';
import { type Ask, createEnds, type Ends, statusOf } from './ends.ts';
import { judgeAsk, judgeProbes } from './exchanges.ts';
import type { Finding, RouteFact } from './finding.ts';
import { startOwnProxy } from './own-proxy.ts';
import { type Heard, RawClient } from './raw-client.ts';
import { type RepeatSigns, signsOf } from './repeats.ts';
import type { SampledRoute } from './sample.ts';
import { judgeSizes, measureSizes, type SizeFacts } from './sizes.ts';
import { judgeSilences, measureSilences, type TimeFacts } from './time-limits.ts';

export interface PreflightOptions {
  readonly settings: Settings;
  readonly sample: readonly SampledRoute[];
  /** Those that were given one by one: what of them legacy does not answer is warned of. */
  readonly targets: readonly string[];
  /** Longest wait for an end to close a silent connection. */
  readonly idleMaxMs: number;
  /** Longest wait for an answer. */
  readonly timeoutMs: number;
  /** Told what is being checked, as it begins. */
  readonly onProgress?: (what: string) => void;
}

export interface Preflight {
  readonly findings: readonly Finding[];
  readonly sizes: SizeFacts;
  readonly times: TimeFacts;
  readonly routes: readonly RouteFact[];
  /** What sizes, methods and forms were tried on: a GET that legacy takes, else `GET /`. */
  readonly base: string;
  /** What legacy answered to it directly; 0 where it gave no answer. */
  readonly baseStatus: number;
  readonly basis: Basis;
  readonly requestsSent: number;
}

/** Runs every check. Throws `unreachable` (exit 5) where a side accepts no connections. */
export async function runPreflight(options: PreflightOptions): Promise<Preflight> {
  const { settings } = options;
  await assertReachable({ legacy: settings.legacy.url, candidate: settings.candidate.url });
  const client = new RawClient(options.timeoutMs);
  const proxy = await startOwnProxy(settings);
  try {
    return await check(client, createEnds(settings, proxy.port), options);
  } finally {
    await proxy.close();
  }
}

async function check(
  client: RawClient,
  ends: Ends,
  { settings, sample, targets, idleMaxMs, onProgress }: PreflightOptions,
): Promise<Preflight> {
  const routes: RouteFact[] = [];
  const findings: Finding[] = [];
  const asked: AskedFact[] = [];
  let taken: Ask | null = null;
  for (const route of sample) {
    onProgress?.(route.route);
    const checked = await checkRoute(client, ends, route);
    routes.push(checked.fact);
    findings.push(...checked.findings);
    asked.push(...checked.asked);
    taken ??= checked.base;
  }
  const base: Ask = taken ?? { method: 'GET', target: '/', headers: [], host: null };
  const baseHeard = await client.ask(ends.legacy.address, ends.legacy.compose(base), false);
  const denied = asked.filter(({ status }) => status === 401).length;
  if (denied > 0) findings.push(withoutCredentials(denied));
  onProgress?.('paths, methods and forms');
  findings.push(...(await judgeProbes(client, ends, base)));
  onProgress?.('sizes');
  const sizes = await measureSizes(client, ends, base);
  findings.push(...judgeSizes(sizes, settings.port.headMaxBytes));
  onProgress?.('time limits');
  const times = await measureSilences(client, ends, base, idleMaxMs);
  findings.push(...judgeSilences(times));
  return {
    findings,
    sizes,
    times,
    routes,
    base: `${base.method} ${base.target}`,
    baseStatus: statusOf(baseHeard),
    basis: createBasis(asked, targets),
    requestsSent: client.sent,
  };
}

interface CheckedRoute {
  readonly fact: RouteFact;
  readonly findings: readonly Finding[];
  readonly asked: readonly AskedFact[];
  /** A GET that legacy takes, again and again, and that changes nothing; null where none is. */
  readonly base: Ask | null;
}

async function checkRoute(
  client: RawClient,
  ends: Ends,
  route: SampledRoute,
): Promise<CheckedRoute> {
  const findings: Finding[] = [];
  let isTokenTold = false;
  const asked: AskedFact[] = [];
  let base: Ask | null = null;
  let sideEffect = route.danger === null ? '' : `its path says "${route.danger}"`;
  for (const ask of route.asks) {
    const twice = async (): Promise<Heard> =>
      client.ask(ends.legacy.address, ends.legacy.compose(ask));
    const first = await twice();
    const signs = signsOf(first, await twice());
    asked.push({ method: ask.method, target: ask.target, status: statusOf(first) });
    if (!isTokenTold) {
      const token = judgeTokens(signs, route);
      isTokenTold = token.length > 0;
      findings.push(...token);
    }
    if (sideEffect === '') sideEffect = signs.change;
    // A second ask that is refused would be taken for the proxy's or the candidate's refusal.
    if (signs.secondRefused !== '') continue;
    const judged = await judgeAsk(client, ends, ask);
    findings.push(...judged.findings);
    if (ask.method === 'GET' && judged.legacyStatus < 400 && judged.legacyStatus > 0) base ??= ask;
  }
  findings.push(...judgeSideEffect(route, sideEffect));
  const { isKeyed, isDeclared, isMirrored, method, kind, requests } = route;
  return {
    fact: {
      route: route.route,
      method,
      kind,
      isKeyed,
      isDeclared,
      isMirrored,
      requests,
      asked: asked.length,
      sideEffect,
    },
    findings,
    asked,
    base: isTokenTold || sideEffect !== '' ? null : base,
  };
}

function withoutCredentials(denied: number): Finding {
  return {
    group: 'routes',
    isDifference: false,
    what: `${denied} of these requests were answered 401 by legacy: little can be seen of them`,
    where: 'credentials',
    mend: 'a recording has its credentials replaced: give some with --header',
  };
}

function judgeTokens(signs: RepeatSigns, route: SampledRoute): Finding[] {
  const { tokens, secondRefused } = signs;
  if (tokens.length === 0 && secondRefused === '') return [];
  const what =
    secondRefused === ''
      ? `asked twice, legacy gives another token (${tokens.join(', ')})`
      : `asked twice, legacy refuses the second time (${secondRefused})`;
  return [
    {
      group: 'tokens',
      isDifference: true,
      what: `${what}: the route cannot be repeated, and mirroring it would burn tokens`,
      where: route.route,
      mend: notMirrored(route),
    },
  ];
}

function judgeSideEffect(route: SampledRoute, sideEffect: string): Finding[] {
  if (sideEffect === '' || route.kind !== 'safe') return [];
  if (route.isDeclared) {
    const what = `declared, and ${sideEffect}`;
    return [{ group: 'routes', isDifference: false, what, where: route.route, mend: '' }];
  }
  return [
    {
      group: 'routes',
      isDifference: true,
      what: `taken for safe by its method and not declared, but ${sideEffect}`,
      where: route.route,
      mend: notMirrored(route),
    },
  ];
}

function notMirrored({ isDeclared, route }: SampledRoute): string {
  const declare = isDeclared ? '' : `declare "${route}" under routes and `;
  return (
    `to mend: ${declare}list the routes to mirror under mirror.routes, without this one unless a ` +
    'copy does no harm'
  );
}
