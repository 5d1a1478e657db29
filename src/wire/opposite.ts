/**
 * The server whose live work a shadow copies. A copy that reached that very server would do the
 * work twice, whatever other name it went by.
 */
import { areAlikeButForAddress, hostOf, placeOf } from '../kit/server-place.ts';
import type { UpstreamSettings } from '../model/settings.ts';
import { createResolve, type Resolve } from './resolve.ts';

export interface OppositeOptions {
  readonly settings: UpstreamSettings;
  /** Addresses that its live connections last went to. */
  readonly addresses: () => readonly string[];
}

/** Tells a shadow's pool to which addresses no copy may go. */
export class Opposite {
  readonly #resolve: Resolve;
  readonly #addresses: () => readonly string[];

  private constructor(options: OppositeOptions, nameServers: readonly string[] | undefined) {
    this.#resolve = createResolve(hostOf(options.settings.url), true, nameServers);
    this.#addresses = options.addresses;
  }

  /** Null where the two differ in what their address has no part in. */
  static of(
    own: UpstreamSettings,
    options: OppositeOptions,
    nameServers: readonly string[] | undefined,
  ): Opposite | null {
    if (!areAlikeButForAddress(own, options.settings)) return null;
    return new Opposite(options, nameServers);
  }

  /**
   * The places ({@link placeOf}) where it is; null where nobody knows one, and so no address is
   * safe. `done` is called later, never within the call.
   */
  places(done: (places: ReadonlySet<string> | null) => void): void {
    this.#resolve((found) => {
      const asked = typeof found === 'string' ? [] : found.addresses;
      const all = [...asked, ...this.#addresses()];
      done(all.length === 0 ? null : new Set(all.map(placeOf)));
    });
  }
}
