/**
 * The demo's stage: every process it starts, in one folder of its own, and the promise that
 * nothing is left behind: `strike` ends them all and removes the folder.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryPath } from '../../kit/entry.ts';
import { CrossfadeError, EXIT } from '../../kit/errors.ts';
import {
  type ReadStatesProcess,
  type SpawnOptions,
  spawnReadStates,
} from '../../read-states/spawn.ts';
import type { TrafficMessage, TrafficOptions, TrafficReport } from './traffic.ts';

/** The demo's ports, free ones of this machine. */
export interface Ports {
  readonly legacy: number;
  readonly candidate: number;
  readonly proxy: number;
  readonly control: number;
}

export interface Traffic {
  /** Begins or goes on sending. */
  go(): void;
  /** Stops sending; resolves with the totals when every answer is there. */
  pause(): Promise<TrafficReport>;
  /** The newest totals. */
  readonly report: TrafficReport;
}

const NO_TRAFFIC: TrafficReport = { answered: 0, failedSafe: 0, failedWrites: 0 };

/** The processes and files of one demo; striking it ends and removes all of them. */
export class Stage {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'crossfade-demo-'));
  readonly #services = new Set<ReadStatesProcess>();
  readonly #children = new Set<ChildProcess>();
  readonly #afterwards: (() => Promise<void>)[] = [];
  #struck: Promise<void> | null = null;

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts one Read States service; resolves when it answers requests. */
  async service(options: SpawnOptions): Promise<ReadStatesProcess> {
    const service = await spawnReadStates({ ...options, onLine: () => undefined });
    this.#services.add(service);
    void service.exited.then(() => this.#services.delete(service));
    await service.ready;
    return service;
  }

  /** Starts `crossfade run` with this configuration; resolves when it serves. */
  async run(configuration: string, label: string): Promise<ChildProcess> {
    const file = this.path('crossfade.yaml');
    writeFileSync(file, configuration);
    const main = entryPath(import.meta.url, '../main');
    const child = spawn(process.execPath, [main, 'run', '-c', file, '--label', label, '--quiet'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#keep(child);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.includes('serving')) resolve();
      });
      child.once('exit', (code) => {
        reject(
          new CrossfadeError('demo-run-ended', `crossfade run ended early (${code}): ${said}`, {
            exitCode: EXIT.internal,
          }),
        );
      });
    });
    return child;
  }

  /** Starts the open-loop load generator against the proxy, in a process of its own. */
  async traffic(options: TrafficOptions): Promise<Traffic> {
    const file = entryPath(import.meta.url, './traffic');
    const child = fork(file, [JSON.stringify(options)], { detached: true });
    this.#keep(child);
    let report = NO_TRAFFIC;
    let paused: ((report: TrafficReport) => void) | null = null;
    await new Promise<void>((resolve) => {
      child.on('message', (message: TrafficMessage) => {
        if (message.kind === 'ready') resolve();
        else report = message.report;
        if (message.kind === 'paused') {
          paused?.(report);
          paused = null;
        }
      });
    });
    return {
      go: () => void child.send('go'),
      pause: () =>
        new Promise((resolve) => {
          paused = resolve;
          child.send('pause');
        }),
      get report() {
        return report;
      },
    };
  }

  /** Ends every process and removes the folder. Safe to call twice. */
  strike(): Promise<void> {
    this.#struck ??= this.#strike();
    return this.#struck;
  }

  /** Done once every process has ended. */
  afterwards(clean: () => Promise<void>): void {
    this.#afterwards.push(clean);
  }

  async #strike(): Promise<void> {
    await Promise.all([...this.#children].map((child) => endOf(child)));
    await Promise.all([...this.#services].map((service) => service.stop('SIGKILL')));
    for (const clean of this.#afterwards) await clean();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #keep(child: ChildProcess): void {
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
  }
}

/** SIGTERM, then SIGKILL for what does not end in time. */
function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Four ports that were free a moment ago. */
export async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    Array.from(
      { length: 4 },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const [legacy, candidate, proxy, control] = servers.map(
    (server) => (server.address() as AddressInfo).port,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { legacy: legacy!, candidate: candidate!, proxy: proxy!, control: control! };
}
