/** What the demo runs with: figures scaled to seconds, all of them printed. */
import type { Ports } from './stage.ts';

export const DEMO = {
  /** States that each engine holds: enough for pauses of legacy's that nobody can overlook. */
  capacity: 524_288,
  seed: 42,
  /** Users that the clients are. */
  users: 2000,
  /** Legacy collects this often; Go's runtime does after two minutes. */
  gcPeriodMs: 6000,
  /** Act one lasts at least two collections, so that their row is in the table, … */
  shadowMs: 13_000,
  /** … and at most this. */
  shadowMaxMs: 30_000,
  /** Longest the climb may take, and a broken candidate may stay unnoticed. */
  climbMaxMs: 120_000,
  faultMaxMs: 90_000,
} as const;

/** How hard the clients drive, and how long before any figure of the table counts. */
export interface Pace {
  readonly ratePerSec: number;
  /** Engines and proxy compile their hot paths; a Cassandra just started is cold as well. */
  readonly warmUpMs: number;
}

export const PACES: Readonly<Record<'sqlite' | 'cassandra', Pace>> = {
  sqlite: { ratePerSec: 500, warmUpMs: 3000 },
  cassandra: { ratePerSec: 320, warmUpMs: 12_000 },
};

/** Some routes have a few requests a second. */
const RARE = '{ as: accept, reason: seconds are too short to prove it, owner: demo }';

/** The migration's configuration, as an operator would write it, with holds of seconds. */
export function demoConfiguration(ports: Ports): string {
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return `listen: 127.0.0.1:${ports.proxy}
workers: 1
legacy: { url: ${at(ports.legacy)}, metrics: ${at(ports.legacy)}/metrics }
candidate: { url: ${at(ports.candidate)}, metrics: ${at(ports.candidate)}/metrics }
key: { from: path, pattern: /v1/users/:user/*, name: user }
state: separate
routes:
  - { match: GET /v1/users/:user/read-states, unproven: ${RARE} }
  - { match: GET /v1/users/:user/read-states/:channel }
  - { match: POST /v1/users/:user/read-states/query, safe: true }
  - { match: POST /v1/users/:user/channels/:channel/messages/:message/ack, writes: mirror }
  - { match: POST /v1/users/:user/channels/:channel/pins/ack, writes: mirror, unproven: ${RARE} }
  - { match: POST /v1/users/:user/read-states/ack-bulk, writes: mirror, unproven: ${RARE} }
  - { match: DELETE /v1/users/:user/read-states/:channel, writes: mirror, unproven: ${RARE} }
  - match: POST /v1/channels/:channel/mentions
    writes: mirror
    keys: { from: body, path: /user_ids/* }
    unproven: ${RARE}
ladder:
  - { percent: 0, hold: 6s }
  - { percent: 1, hold: 8s }
  - { percent: 10, hold: 8s }
  - { percent: 50, hold: 8s }
  - { percent: 100, hold: 8s }
gates:
  - { gate: mismatch.rate < 0.5%, minPairs: 300 }
  - { gate: errors.excess < 0.5%, minPairs: 300 }
  - { gate: latency.p95.ratio < 1.8, window: 1s, minPairs: 300 }
  - { gate: latency.p99.ratio < 2, window: 1s, minPairs: 300 }
  - { gate: coverage > 95%, minPairs: 300 }
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:${ports.control} }
`;
}
