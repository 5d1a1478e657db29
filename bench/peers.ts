/**
 * The proxies of others that a trial sets beside Crossfade: how each is found, configured (the
 * files of `peers/`) and started on one core. Each is taken from the path, or from
 * `CROSSFADE_BENCH_` and its command in capitals.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a peer is told: where it listens, both sides, and its folder. */
export interface Place {
  readonly port: number;
  readonly legacy: number;
  readonly candidate: number;
  readonly folder: string;
}

export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly isMirroring: boolean;
  /** Names of its command, the usual one first. */
  readonly commands: readonly string[];
  /** Files of `peers/` to be filled in. */
  readonly files: readonly string[];
  readonly args: (place: Place) => readonly string[];
  /** What makes it say its version; null: it cannot. */
  readonly versionArgs: readonly string[] | null;
  /** Listens to legacy's own port instead of standing in the way. */
  readonly isListeningIn?: boolean;
  /** Started anew for each round, for what it leaves behind would fall to the next one. */
  readonly isFresh?: boolean;
}

const STARTS_WITHIN_MS = 15_000;
const NGINX = {
  commands: ['nginx'],
  versionArgs: ['-v'],
} as const;
const ENVOY = {
  commands: ['envoy'],
  versionArgs: ['--version'],
} as const;
const envoyArgs = (file: string): readonly string[] => [
  '-c',
  file,
  '--concurrency',
  '1',
  '--disable-hot-restart',
  '-l',
  'error',
];

export const PEERS: readonly Peer[] = [
  {
    ...NGINX,
    id: 'nginx',
    name: 'nginx',
    isMirroring: false,
    files: ['nginx.conf'],
    args: ({ folder }) => ['-c', `${folder}/nginx.conf`, '-p', folder],
  },
  {
    ...NGINX,
    id: 'nginx-mirror',
    name: 'nginx, mirror',
    isMirroring: true,
    files: ['nginx-mirror.conf'],
    args: ({ folder }) => ['-c', `${folder}/nginx-mirror.conf`, '-p', folder],
  },
  {
    id: 'haproxy',
    name: 'HAProxy',
    isMirroring: false,
    commands: ['haproxy'],
    files: ['haproxy.cfg'],
    args: ({ folder }) => ['-db', '-f', `${folder}/haproxy.cfg`],
    versionArgs: ['-v'],
  },
  {
    ...ENVOY,
    id: 'envoy',
    name: 'Envoy',
    isMirroring: false,
    files: ['envoy.yaml'],
    args: ({ folder }) => envoyArgs(`${folder}/envoy.yaml`),
  },
  {
    ...ENVOY,
    id: 'envoy-mirror',
    name: 'Envoy, mirror',
    isMirroring: true,
    files: ['envoy-mirror.yaml'],
    args: ({ folder }) => envoyArgs(`${folder}/envoy-mirror.yaml`),
  },
  {
    id: 'traefik-mirror',
    name: 'Traefik, mirror',
    isMirroring: true,
    commands: ['traefik'],
    files: ['traefik.yaml', 'traefik-routes.yaml'],
    args: ({ folder }) => [`--configFile=${folder}/traefik.yaml`],
    versionArgs: ['version'],
  },
  {
    id: 'goreplay',
    name: 'GoReplay, capture',
    isMirroring: true,
    commands: ['goreplay', 'gor'],
    files: [],
    args: ({ legacy, candidate }) => [
      '--input-raw',
      `127.0.0.1:${legacy}`,
      '--output-http',
      `http://127.0.0.1:${candidate}`,
    ],
    versionArgs: ['version'],
    isListeningIn: true,
    // It would take its part of the core while others are measured.
    isFresh: true,
  },
  {
    id: 'teeproxy',
    name: 'teeproxy',
    isMirroring: true,
    commands: ['teeproxy'],
    files: [],
    args: ({ port, legacy, candidate }) => [
      `-l=127.0.0.1:${port}`,
      `-a=127.0.0.1:${legacy}`,
      `-b=127.0.0.1:${candidate}`,
      '-b.timeout=2000',
    ],
    versionArgs: null,
    // It keeps every connection to legacy open, one a request.
    isFresh: true,
  },
];

/** The path of a peer's command; null where it is not installed. */
export function findCommand({ commands }: Peer): string | null {
  const given = process.env[`CROSSFADE_BENCH_${commands[0]!.toUpperCase()}`];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  return (given === undefined ? places : [given]).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a peer says that it is. */
export function versionOf({ versionArgs }: Peer, command: string): string {
  if (versionArgs === null) return 'of a version it does not tell';
  const { stdout, stderr } = spawnSync(command, versionArgs, { encoding: 'utf8' });
  const text = `${stdout}${stderr}`;
  const found = /^Version:\s*(\S+)/m.exec(text) ?? /(\d+\.\d+\.\d+[\w.+-]*)/.exec(text);
  return found?.[1] ?? 'of a version it does not tell';
}

/** Writes files of `peers/` into `folder`, which is made, every `@NAME@` replaced. */
export function fillTemplates(
  folder: string,
  files: readonly string[],
  words: Readonly<Record<string, string>>,
): void {
  mkdirSync(folder, { recursive: true });
  const known: Readonly<Record<string, string>> = { ...words, FOLDER: folder };
  for (const file of files) {
    const text = readFileSync(join(import.meta.dirname, 'peers', file), 'utf8');
    const filled = text.replaceAll(/@([A-Z]+)@/g, (found, name: string) => known[name] ?? found);
    writeFileSync(join(folder, file), filled);
  }
}

/** Resolves once somebody listens on `port`. Throws when `hasEnded`, or after 15 s. */
export async function opens(port: number, hasEnded: () => boolean, name: string): Promise<void> {
  const deadlineMs = Date.now() + STARTS_WITHIN_MS;
  while (Date.now() < deadlineMs && !hasEnded()) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`${name} did not start`);
}
