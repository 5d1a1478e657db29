/**
 * The ways of the proxy trial: each a proxy of one worker in front of the same two sides, on a
 * port of its own. Peers that are not installed are left out by name.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, findControl } from '../src/control/client.ts';
import type { Status } from '../src/model/rollout.ts';

export interface Sides {
  readonly legacy: number;
  readonly candidate: number;
}

export interface Arm {
  readonly name: string;
  readonly port: number;
  /** Processes whose CPU is the arm's. */
  readonly pids: readonly number[];
  readonly isMirroring: boolean;
  /** Crossfade's own counts; null for others. */
  readonly status: (() => Promise<Status>) | null;
}

const STARTS_WITHIN_MS = 15_000;
const ENVOY_TYPES = 'type.googleapis.com/envoy.extensions';

/** Starts arms and ends what it has started. */
export class ArmStarter {
  readonly #folder: string;
  readonly #sides: Sides;
  readonly #children: ChildProcess[] = [];
  #nextPort: number;

  constructor(folder: string, sides: Sides, firstPort: number) {
    this.#folder = folder;
    this.#sides = sides;
    this.#nextPort = firstPort;
  }

  /** nginx, passing on or mirroring; null where it is not installed. */
  nginx(isMirroring: boolean): Promise<Arm | null> {
    const { legacy, candidate } = this.#sides;
    const port = this.#port();
    const copy = `location /copy { internal; proxy_pass http://candidate$request_uri;
      proxy_http_version 1.1; proxy_set_header Connection ""; }`;
    const file = this.#file(
      `nginx-${port}.conf`,
      `daemon off; master_process off; pid ${this.#folder}/${port}.pid;
error_log ${this.#folder}/${port}.log;
events { worker_connections 1024; }
http { access_log off;
  upstream legacy { server 127.0.0.1:${legacy}; keepalive 128; }
  upstream candidate { server 127.0.0.1:${candidate}; keepalive 128; }
  server { listen 127.0.0.1:${port}; keepalive_requests 100000000;
    location / { ${isMirroring ? 'mirror /copy;' : ''} proxy_pass http://legacy;
      proxy_http_version 1.1; proxy_set_header Connection ""; }
    ${isMirroring ? copy : ''} } }
`,
    );
    const name = isMirroring ? 'nginx, mirrored' : 'nginx';
    return this.#peer(name, 'nginx', ['-c', file, '-p', this.#folder], port, isMirroring);
  }

  /** Envoy with one worker thread; null where it is not installed. */
  envoy(isMirroring: boolean): Promise<Arm | null> {
    const { legacy, candidate } = this.#sides;
    const port = this.#port();
    const cluster = (name: string, to: number): string =>
      `  - { name: ${name}, type: STATIC, connect_timeout: 1s, load_assignment: { cluster_name: ` +
      `${name}, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: ` +
      `{ address: 127.0.0.1, port_value: ${to} } } } }] }] } }`;
    const mirror = isMirroring ? ', request_mirror_policies: [{ cluster: candidate }]' : '';
    const router =
      '{ name: envoy.filters.http.router, typed_config: { "@type": ' +
      `${ENVOY_TYPES}.filters.http.router.v3.Router } }`;
    const file = this.#file(
      `envoy-${port}.yaml`,
      `static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": ${ENVOY_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          http_filters: [${router}]
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{ match: { prefix: "/" }, route: { cluster: legacy${mirror} } }]
  clusters:
${cluster('legacy', legacy)}
${cluster('candidate', candidate)}
`,
    );
    const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'];
    const name = isMirroring ? 'Envoy, mirrored' : 'Envoy';
    const command = process.env['CROSSFADE_BENCH_ENVOY'] ?? 'envoy';
    return this.#peer(name, command, args, port, isMirroring);
  }

  /** Traefik on one core, mirroring; null where it is not installed. */
  traefik(): Promise<Arm | null> {
    const { legacy, candidate } = this.#sides;
    const port = this.#port();
    const routes = this.#file(
      `traefik-routes-${port}.yaml`,
      `http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: mirrored } }
  services:
    mirrored: { mirroring: { service: legacy, mirrors: [{ name: candidate, percent: 100 }] } }
    legacy: { loadBalancer: { servers: [{ url: "http://127.0.0.1:${legacy}" }] } }
    candidate: { loadBalancer: { servers: [{ url: "http://127.0.0.1:${candidate}" }] } }
`,
    );
    const file = this.#file(
      `traefik-${port}.yaml`,
      `entryPoints: { web: { address: "127.0.0.1:${port}" } }
providers: { file: { filename: ${routes} } }
log: { level: ERROR }
global: { checkNewVersion: false, sendAnonymousUsage: false }
`,
    );
    const command = process.env['CROSSFADE_BENCH_TRAEFIK'] ?? 'traefik';
    return this.#peer('Traefik, mirrored', command, [`--configFile=${file}`], port, true);
  }

  /** Crossfade with one worker, mirroring this share and comparing all of it. */
  async crossfade(name: string, mirror: string): Promise<Arm> {
    const { legacy, candidate } = this.#sides;
    const port = this.#port();
    const folder = join(this.#folder, `crossfade-${port}`);
    mkdirSync(folder);
    const file = join(folder, 'crossfade.yaml');
    writeFileSync(
      file,
      `listen: 127.0.0.1:${port}
legacy: { url: http://127.0.0.1:${legacy} }
candidate: { url: http://127.0.0.1:${candidate} }
workers: 1
mirror: { percent: ${mirror}, autoPause: off }
control: { listen: 127.0.0.1:0 }
store: { sqlite: ${join(folder, 'crossfade.db')} }
`,
    );
    const main = join(import.meta.dirname, '../src/cli/main.ts');
    const child = spawn(process.execPath, [main, 'run', '-c', file, '--quiet'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#children.push(child);
    await this.#accepts(port, name);
    const pid = child.pid!;
    const status = async (): Promise<Status> => call(findControl(folder), 'GET', '/v1/status');
    while ((await status().catch(() => null)) === null) await sleep(50);
    return { name, port, pids: [pid, ...childrenOf(pid)], isMirroring: mirror !== '0%', status };
  }

  end(): void {
    for (const child of this.#children) child.kill();
  }

  #port(): number {
    this.#nextPort += 1;
    return this.#nextPort;
  }

  #file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  async #peer(
    name: string,
    command: string,
    args: readonly string[],
    port: number,
    isMirroring: boolean,
  ): Promise<Arm | null> {
    // One core, as the others have: Go takes all there are.
    const env = { ...process.env, GOMAXPROCS: '1' };
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    const isMissing = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(true));
      child.once('spawn', () => resolve(false));
    });
    if (isMissing) return null;
    this.#children.push(child);
    await this.#accepts(port, name);
    return { name, port, pids: [child.pid!], isMirroring, status: null };
  }

  async #accepts(port: number, name: string): Promise<void> {
    const deadlineMs = Date.now() + STARTS_WITHIN_MS;
    while (Date.now() < deadlineMs) {
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
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
