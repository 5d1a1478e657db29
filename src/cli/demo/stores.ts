import { messageOf } from '../../kit/errors.ts';
import { CassandraUnavailable, openCassandra } from '../../store/open-cassandra.ts';
import type { Stage } from './stage.ts';

export interface Stores {
  readonly legacy: string;
  readonly candidate: string;
}

const CONTACT_POINT = '127.0.0.1:9042';

/** Where both sides keep their states: two files on the stage, or two keyspaces of their own. */
export function storesOf(stage: Stage, kind: 'sqlite' | 'cassandra'): Stores {
  if (kind === 'sqlite') {
    return {
      legacy: `sqlite:${stage.path('legacy.db')}`,
      candidate: `sqlite:${stage.path('candidate.db')}`,
    };
  }
  const own = `demo_${Date.now().toString(36)}`;
  const keyspaces = { legacy: `${own}_legacy`, candidate: `${own}_candidate` };
  stage.afterwards(() => dropKeyspaces(Object.values(keyspaces)));
  const address = (keyspace: string): string =>
    `cassandra://${CONTACT_POINT}/${keyspace}?replication=1&timeout=5s`;
  return { legacy: address(keyspaces.legacy), candidate: address(keyspaces.candidate) };
}

async function dropKeyspaces(keyspaces: readonly string[]): Promise<void> {
  try {
    for (const keyspace of keyspaces) {
      const session = await openCassandra({
        contactPoint: CONTACT_POINT,
        keyspace,
        localDataCenter: 'datacenter1',
        replication: 1,
        requestTimeoutMs: 5000,
        say: () => undefined,
      });
      await session.define(`DROP KEYSPACE ${keyspace}`);
      await session.close();
    }
  } catch (error) {
    // Where there is no Cassandra there are no keyspaces; the demo has said so itself.
    if (error instanceof CassandraUnavailable) return;
    process.stderr.write(`crossfade: keyspaces of the demo remain (${messageOf(error)})\n`);
  }
}
