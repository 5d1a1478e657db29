import { OTHER_ROUTE } from '../compare/cluster.ts';
import { DistinctSketch } from '../kit/distinct-sketch.ts';
import { LIMITS } from '../kit/limits.ts';
import type { RoutePairs } from '../model/window.ts';

/** What was compared of a route, all proxies together. */
export interface RouteTotal {
  readonly compared: number;
  /** About how many keys its pairs had; 0 where they have none. */
  readonly keys: number;
}

interface OpenTotal {
  compared: number;
  readonly keys: DistinctSketch;
}

/** Compared pairs and keys by route since the rollout began: what clusters are held against. */
export class RouteTotals {
  readonly #routes = new Map<string, OpenTotal>();

  /** Beyond the limit of routes they are counted as one, `other`. */
  accept(routes: readonly RoutePairs[]): void {
    for (const { route, compared, keys } of routes) {
      const total = this.#open(route);
      total.compared += compared;
      total.keys.addSketch(keys);
    }
  }

  /** Of one route; of all together where it is `other`; undefined where it is not known. */
  of(route: string): RouteTotal | undefined {
    if (route === OTHER_ROUTE) return this.#all();
    const total = this.#routes.get(route);
    return total && { compared: total.compared, keys: total.keys.estimate() };
  }

  /** About how many distinct keys all routes together had. */
  distinctKeys(): number {
    return Math.round(this.#all().keys);
  }

  /** As it is stored, and accepted again. */
  rows(): readonly RoutePairs[] {
    return [...this.#routes].map(([route, { compared, keys }]) => {
      return { route, compared, keys: keys.toText() };
    });
  }

  #open(route: string): OpenTotal {
    const isKnown = this.#routes.has(route) || this.#routes.size < LIMITS.routesMax;
    const name = isKnown ? route : OTHER_ROUTE;
    const total = this.#routes.get(name) ?? { compared: 0, keys: new DistinctSketch() };
    this.#routes.set(name, total);
    return total;
  }

  #all(): RouteTotal {
    const keys = new DistinctSketch();
    let compared = 0;
    for (const total of this.#routes.values()) {
      compared += total.compared;
      keys.addSketch(total.keys.toText());
    }
    return { compared, keys: keys.estimate() };
  }
}
