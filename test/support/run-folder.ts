import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, findControl } from '../../src/control/client.ts';
import type { Reloaded } from '../../src/control/routes.ts';
import { type RunningCrossfade, startRun } from './crossfade.ts';
import { type SideServer, startSide } from './sides.ts';

/** What differs from the configuration that every run of {@link startRunFolder} has. */
export interface Changes {
  readonly workers?: number;
  /** Share of the keys that are mirrored. */
  readonly mirror?: string;
  /** Whole lines of YAML. */
  readonly more?: string;
}

/** Two sides, a folder with a configuration, and a run in it. */
export interface RunFolder {
  readonly store: string;
  readonly configuration: string;
  readonly legacy: SideServer;
  readonly candidate: SideServer;
  run: RunningCrossfade;
  /** Lets every answer go that legacy holds back on `/held`, the candidate on `/late`. */
  letGo(): void;
  /** Answers that are held back. */
  readonly heldCount: number;
  /** Writes the configuration anew. */
  configure(changes?: Changes): void;
  reload(): Promise<Reloaded>;
  /** Sentences of the events of one kind. */
  events(kind: string): Promise<readonly string[]>;
  /** Starts another run on the same configuration; `shell` as startRun takes it. */
  restart(shell?: string): Promise<void>;
  close(): Promise<void>;
}

/** A run of two proxies that answer from a legacy and a candidate which agree. */
export async function startRunFolder(changes: Changes = {}): Promise<RunFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-run-'));
  const store = join(folder, 'crossfade.db');
  const configuration = join(folder, 'crossfade.yaml');
  const held: (() => void)[] = [];
  const side = (heldAt: string): Promise<SideServer> =>
    startSide((request, response) => {
      const answer = (): void => void response.end('{"ok":true}');
      if (request.url === heldAt) held.push(answer);
      else answer();
    });
  const legacy = await side('/held');
  const candidate = await side('/late');
  const probe = await startSide(() => undefined);
  await probe.close();
  const configure = ({ workers = 2, mirror = '100%', more = '' }: Changes = {}): void => {
    writeFileSync(
      configuration,
      `listen: 127.0.0.1:${probe.port}
legacy: { url: ${legacy.url} }
candidate: { url: ${candidate.url} }
key: { from: header, name: x-user }
workers: ${workers}
ladder: [{ percent: 0, hold: 1h }]
gates: []
# No second is left without mirroring: tests count every copy.
mirror: { percent: ${mirror}, autoPause: off }
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:0 }
${more}
`,
    );
  };
  configure(changes);
  const letGo = (): void => {
    for (const answer of held.splice(0)) answer();
  };
  const started: RunFolder = {
    store,
    configuration,
    legacy,
    candidate,
    run: await startRun(configuration, store),
    letGo,
    get heldCount() {
      return held.length;
    },
    configure,
    reload: () => call(findControl(store), 'POST', '/v1/reload', {}, 60_000),
    events: async (kind) => {
      const { events } = await started.run.status();
      return events.filter((event) => event.kind === kind).map(({ sentence }) => sentence);
    },
    restart: async (shell) => {
      started.run = await startRun(configuration, store, shell);
    },
    close: async () => {
      letGo();
      await started.run.stop();
      await legacy.close();
      await candidate.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return started;
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // There is none any more.
    return false;
  }
}
