import { LatencyHistogram } from '../measure/latency.ts';
import type { RouteSettings, Settings } from '../model/settings.ts';
import { createIdentifier } from '../proxy/identify/identify.ts';
import type { RecordedPair } from '../recording/format.ts';
import { type LatencyShape, logNormalShape, recordedShape } from './latency-shape.ts';

/** What the planner knows of the traffic. */
export interface PlanTraffic {
  /** Share of the requests that both sides get, 0 to 1, before what `mirror` says. */
  readonly pairsRatio: number;
  /** Share of those by route, 0 to 1; null where it is not known. */
  readonly routeRatios: ReadonlyMap<string, number> | null;
  /** Of legacy's latencies. */
  readonly shape: LatencyShape;
  /** Of the ratios of recorded pairs, in thousandths; null where none was recorded. */
  readonly ratios: LatencyShape | null;
  /** Requests that this was learned from; 0 for none. */
  readonly requests: number;
}

const SIGMA = 0.5;

/** Every request a read, latencies log-normal: what is assumed without a recording. */
export const ASSUMED_TRAFFIC: PlanTraffic = {
  pairsRatio: 1,
  routeRatios: null,
  shape: logNormalShape(SIGMA, `latencies taken to be log-normal, sigma ${SIGMA}`),
  ratios: null,
  requests: 0,
};

/** Answers that say how steep latencies are. */
const ANSWERS_MIN = 1000;

/** The mix of routes and the latencies of a recording, under the routes of a configuration. */
export async function trafficOf(
  pairs: AsyncIterable<RecordedPair>,
  { routes, key, mirror }: Pick<Settings, 'routes' | 'key' | 'mirror'>,
): Promise<PlanTraffic> {
  const identifier = createIdentifier(routes, key);
  const byRoute = new Map<string, number>();
  const latencies = new LatencyHistogram(3);
  const ratios = new LatencyHistogram(3);
  let requests = 0;
  let copied = 0;
  for await (const { request, legacy, candidate } of pairs) {
    requests += 1;
    const { method, target, headers, body } = request;
    const { route, isSafe, isMirroredWrite } = identifier.identify(method, target, headers, body);
    if (legacy?.outcome === 'answered') {
      latencies.record(Math.round(legacy.latencyUs));
      if (candidate?.outcome === 'answered') {
        ratios.record(Math.round((1000 * candidate.latencyUs) / Math.max(1, legacy.latencyUs)));
      }
    }
    if (!isCopied(route, mirror.routes, isSafe || isMirroredWrite)) continue;
    copied += 1;
    byRoute.set(route.name, (byRoute.get(route.name) ?? 0) + 1);
  }
  if (requests === 0) return ASSUMED_TRAFFIC;
  return {
    pairsRatio: copied / requests,
    routeRatios: new Map([...byRoute].map(([route, count]) => [route, count / copied])),
    shape: shapeOf(latencies) ?? ASSUMED_TRAFFIC.shape,
    ratios: shapeOf(ratios),
    requests,
  };
}

function shapeOf(histogram: LatencyHistogram): LatencyShape | null {
  if (histogram.count < ANSWERS_MIN) return null;
  return recordedShape(histogram.count, (quantile) => histogram.quantileUs(quantile));
}

function isCopied(
  route: { readonly name: string; readonly settings: RouteSettings | null },
  only: readonly string[] | null,
  isDeclared: boolean,
): boolean {
  return isDeclared && (only === null || only.includes(route.name));
}
