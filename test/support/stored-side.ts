import { type SideServer, startSide } from './sides.ts';

/** A side that keeps one text for each user: POST sets it, GET answers it. */
export interface StoredSide extends SideServer {
  readonly values: Map<string, string>;
  /** Awaited before a GET is answered; given its target. */
  beforeRead: (target: string) => Promise<void> | void;
  /** Awaited before a POST is answered; it is to call `set` once. */
  onWrite: (set: () => void) => Promise<void> | void;
  /** What a GET answers, of what is kept. */
  shown: (value: string) => string;
  /** Requests marked as a shadow's. */
  readonly marked: string[];
}

/** Starts one with nothing kept. */
export async function startStored(): Promise<StoredSide> {
  const values = new Map<string, string>();
  const marked: string[] = [];
  const side = await startSide(async (request, response, body) => {
    const target = request.url!;
    if (request.headers['crossfade-role'] === 'shadow') marked.push(`${request.method} ${target}`);
    const user = target.split('/')[2]!;
    if (request.method === 'POST') {
      await stored.onWrite(() => void values.set(user, body));
      response.end('set');
      return;
    }
    await stored.beforeRead(target);
    response.end(stored.shown(values.get(user) ?? 'nothing'));
  });
  const stored: StoredSide = {
    ...side,
    values,
    marked,
    beforeRead: () => undefined,
    onWrite: (set) => set(),
    shown: (value) => value,
  };
  return stored;
}
