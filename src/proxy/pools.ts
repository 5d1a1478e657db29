/** The pools of one proxy: live and shadow apart for each side, and the twin's own. */
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Side } from '../model/exchange.ts';
import type { Settings, UpstreamSettings } from '../model/settings.ts';
import type { Upstream } from '../wire/leg.ts';
import { createUpstream, type UpstreamOptions } from '../wire/upstream.ts';
import type { ConnectionLimits } from './messages.ts';

export interface Sides {
  readonly legacy: Upstream;
  readonly candidate: Upstream;
}

export interface Pools {
  readonly live: Sides;
  readonly shadow: Sides;
  /** Null where none is configured. */
  readonly twin: Upstream | null;
}

export interface PoolParts {
  readonly settings: Settings;
  readonly clock: Clock;
  /** Whom the shadows' names are asked of, `ADDRESS[:PORT]` each: the system's, unless given. */
  readonly shadowNameServers?: readonly string[];
}

/** Pools without a connection yet. Throws `tls.files` where certificates are unusable. */
export function createPools(parts: PoolParts, connections: ConnectionLimits): Pools {
  const { settings } = parts;
  const live = createSides(parts, optionsOf(parts, 'live', connections.live));
  const shadow = createSides(parts, optionsOf(parts, 'shadow', connections.shadow), live);
  return { live, shadow, twin: settings.twin === null ? null : createTwin(parts, settings.twin) };
}

/** Closes every connection of every pool at once. */
export async function closePools({ live, shadow, twin }: Pools): Promise<void> {
  const pools = [live, shadow].flatMap(({ legacy, candidate }) => [legacy, candidate]);
  await Promise.all([...pools, ...(twin === null ? [] : [twin])].map((pool) => pool.close()));
}

type PoolOptions = Omit<UpstreamOptions, 'settings'>;

function optionsOf(
  { settings, clock, shadowNameServers }: PoolParts,
  role: 'live' | 'shadow',
  connectionsMax: number,
): PoolOptions {
  return {
    role,
    connectionsMax,
    attemptsMax: role === 'live' ? Infinity : LIMITS.shadowAttemptsMax,
    connectTimeoutMs: role === 'live' ? LIMITS.liveConnectTimeoutMs : LIMITS.shadowConnectTimeoutMs,
    headMaxBytes: settings.port.answerHeadMaxBytes,
    forbidden: [settings.listen, settings.control],
    clock,
    ...(shadowNameServers === undefined ? {} : { nameServers: shadowNameServers }),
  };
}

function createTwin(parts: PoolParts, settings: UpstreamSettings): Upstream {
  return createUpstream({ ...optionsOf(parts, 'shadow', LIMITS.twinConnectionsMax), settings });
}

function createSides({ settings }: PoolParts, options: PoolOptions, live?: Sides): Sides {
  // Reads may be compared with themselves; a write that reached its own side would be done twice.
  const isWriting = settings.routes.some(({ writes }) => writes === 'mirror');
  const oppositeOf = (side: Side): Pick<UpstreamOptions, 'opposite'> => {
    if (live === undefined || !isWriting) return {};
    return { opposite: { settings: settings[side], addresses: () => live[side].addresses } };
  };
  return {
    legacy: createUpstream({
      ...options,
      ...oppositeOf('candidate'),
      settings: settings.legacy,
    }),
    candidate: createUpstream({
      ...options,
      ...oppositeOf('legacy'),
      settings: settings.candidate,
    }),
  };
}
