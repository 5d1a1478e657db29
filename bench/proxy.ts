/**
 * What the proxy costs: the same load direct, through Crossfade (serving alone; mirroring and
 * comparing every answer) and, where nginx is installed, through its mirror, which throws the
 * copy's answer away. Closed loop, interleaved rounds, medians; CPU is the proxy's own.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTarget } from '../replay/target.ts';
import { systemClock } from '../src/kit/clock.ts';
import { LatencyHistogram } from '../src/measure/latency.ts';
import { median } from '../src/report/story.ts';
import { renderTable } from '../src/report/table.ts';

const ROUNDS = 5;
const ROUND_MS = 2000;
const CLIENTS = 8;
const FOLDER = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));
const children: ChildProcess[] = [];

interface Arm {
  readonly name: string;
  readonly url: string;
  /** Processes whose CPU is the arm's. */
  readonly pids: readonly number[];
}

interface Round {
  readonly perSec: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUs: number;
}

async function startSide(): Promise<number> {
  const child = fork(join(import.meta.dirname, 'answering-server.ts'));
  children.push(child);
  return new Promise((resolve) => child.once('message', (port) => resolve(port as number)));
}

async function startCrossfade(
  name: string,
  ports: readonly number[],
  mirror: string,
): Promise<Arm> {
  const [legacy, candidate, listen] = ports;
  const folder = mkdtempSync(join(FOLDER, 'run-'));
  const file = join(folder, 'crossfade.yaml');
  writeFileSync(
    file,
    `listen: 127.0.0.1:${listen}
legacy: { url: http://127.0.0.1:${legacy} }
candidate: { url: http://127.0.0.1:${candidate} }
workers: 1
mirror: ${mirror}
control: { listen: 127.0.0.1:0 }
`,
  );
  const main = join(import.meta.dirname, '../src/cli/main.ts');
  const child = spawn(process.execPath, [main, 'run', '-c', file, '--quiet'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error(`${name} did not start`)));
  });
  return { name, url: `http://127.0.0.1:${listen}`, pids: childrenOf(child.pid!) };
}

/** nginx with `mirror`, one worker; null where it is not installed. */
async function startNginx(ports: readonly number[]): Promise<Arm | null> {
  const [legacy, candidate, listen] = ports;
  const file = join(FOLDER, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${FOLDER}/nginx.pid; error_log ${FOLDER}/nginx.log;
events { worker_connections 512; }
http { access_log off;
  upstream legacy { server 127.0.0.1:${legacy}; keepalive 32; }
  upstream candidate { server 127.0.0.1:${candidate}; keepalive 32; }
  server { listen 127.0.0.1:${listen}; keepalive_requests 10000000;
    location / { mirror /copy; proxy_pass http://legacy;
      proxy_http_version 1.1; proxy_set_header Connection ""; }
    location /copy { internal; proxy_pass http://candidate$request_uri;
      proxy_http_version 1.1; proxy_set_header Connection ""; } } }
`,
  );
  const child = spawn('nginx', ['-c', file, '-p', FOLDER], { stdio: 'ignore' });
  const isMissing = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(true));
    child.once('spawn', () => resolve(false));
  });
  if (isMissing) return null;
  children.push(child);
  return { name: 'nginx, mirrored', url: `http://127.0.0.1:${listen}`, pids: [child.pid!] };
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** CPU of a process so far, microseconds; 0 where the system does not tell. */
function cpuUs(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function measure(arm: Arm): Promise<Round> {
  const target = createTarget(arm.url, {
    connections: CLIENTS,
    connectTimeoutMs: 1000,
    clock: systemClock,
  });
  const request = { method: 'GET', target: '/u/1/x', headers: ['host', 'bench'], body: null };
  const latencies = new LatencyHistogram(3);
  const cpu = (): number => arm.pids.reduce((sum, pid) => sum + cpuUs(pid), 0);
  const cpuBefore = cpu();
  const startedUs = systemClock.nowUs();
  const client = async (): Promise<void> => {
    while (systemClock.nowUs() - startedUs < ROUND_MS * 1000) {
      const leg = await target.send(request, { timeoutMs: 5000, captureMaxBytes: 0 });
      if (leg.isFailed) throw new Error(`${arm.name}: ${leg.outcome} ${leg.failure}`);
      latencies.record(leg.finishedUs - leg.startedUs);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (systemClock.nowUs() - startedUs) / 1e6;
  await target.close();
  return {
    perSec: latencies.count / seconds,
    p50Us: latencies.quantileUs(0.5),
    p99Us: latencies.quantileUs(0.99),
    cpuUs: (cpu() - cpuBefore) / latencies.count,
  };
}

function report(arms: readonly Arm[], rounds: ReadonlyMap<string, readonly Round[]>): void {
  const of = (name: string, pick: (round: Round) => number): number =>
    median(rounds.get(name)!.map(pick)) ?? 0;
  const base = of('direct', (round) => round.p50Us);
  const rows = arms.map(({ name }) => [
    name,
    of(name, (round) => round.perSec).toFixed(0),
    `${(of(name, (round) => round.p50Us) / 1000).toFixed(2)} ms`,
    `${(of(name, (round) => round.p50Us) / base).toFixed(2)} ×`,
    `${(of(name, (round) => round.p99Us) / 1000).toFixed(2)} ms`,
    name === 'direct' ? '' : `${of(name, (round) => round.cpuUs).toFixed(0)} µs`,
  ]);
  const columns = ['way', 'requests/s', 'p50', 'p50 to direct', 'p99', "proxy's CPU a request"];
  process.stdout.write(`${renderTable(columns, rows)}\n`);
  const [cpu] = cpus();
  process.stdout.write(
    `${ROUNDS} rounds of ${ROUND_MS / 1000} s each, interleaved, ${CLIENTS} clients; medians. ` +
      `${cpus().length} × ${cpu?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
      'Command: npm run bench -- proxy\n',
  );
}

try {
  const [legacy, candidate] = [await startSide(), await startSide()];
  const listen = 20_000 + (process.pid % 20_000);
  const nginx = await startNginx([legacy, candidate, listen]);
  const arms: Arm[] = [
    { name: 'direct', url: `http://127.0.0.1:${legacy}`, pids: [] },
    await startCrossfade('crossfade, serving alone', [legacy, candidate, listen + 1], '0%'),
    await startCrossfade('crossfade, compared', [legacy, candidate, listen + 2], '100%'),
    ...(nginx === null ? [] : [nginx]),
  ];
  if (nginx === null) process.stdout.write('nginx is not installed: its row is left out\n');
  for (const arm of arms) await measure(arm);
  const rounds = new Map<string, Round[]>(arms.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const arm of arms) rounds.get(arm.name)!.push(await measure(arm));
  }
  report(arms, rounds);
} finally {
  for (const child of children) child.kill();
  rmSync(FOLDER, { recursive: true, force: true });
}
