/**
 * Bodies of any size: one download and one upload at a time through `crossfade run`, to and from
 * somebody who takes a megabyte a second, mirrored and compared by hash. Says how far the
 * proxy's own memory rose beyond what the first 32 MiB each way, taken faster, had made of it.
 * `--size 1GiB --rate 1MiB` are the defaults: a quarter of an hour for each direction; both go on
 * at once.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatBytes, parseSizeBytes } from '../src/kit/units.ts';
import { renderTable } from '../src/report/table.ts';
import { startRun } from '../test/support/crossfade.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1GiB' },
    rate: { type: 'string', default: '1MiB' },
  },
});
const SIZE = parseSizeBytes(values.size) ?? fail(`no size: ${values.size}`);
const RATE = parseSizeBytes(values.rate) ?? fail(`no size: ${values.rate}`);
const TURNS_PER_SEC = 20;
const FIRST_SIZE = Math.min(SIZE, 32 * 1024 ** 2);
const FIRST_RATE = 4 * RATE;
const BLOCK = Buffer.alloc(65_536, 'crossfade ');
const FOLDER = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));

function fail(message: string): never {
  process.stderr.write(`${message}; for example --size 256MiB --rate 4MiB\n`);
  process.exit(2);
}

/** Takes what comes at the given pace; resolves with its bytes when `until` of them are there. */
async function takeSlowly(socket: Socket, until: number, rate: number): Promise<number> {
  let taken = 0;
  let allowance = 0;
  socket.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    allowance -= chunk.length;
    if (allowance <= 0) socket.pause();
  });
  while (taken < until && !socket.destroyed) {
    allowance = Math.min(rate, allowance + rate / TURNS_PER_SEC);
    if (allowance > 0) socket.resume();
    await sleep(1000 / TURNS_PER_SEC);
  }
  return taken;
}

async function giveAll(socket: Socket, bytes: number): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let left = bytes; left > 0 && !socket.destroyed; left -= BLOCK.length) {
    const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
    if (!socket.write(block)) await Promise.race([once(socket, 'drain'), closed]);
  }
}

/** Nothing to a HEAD; to a GET as many bytes as its path says; takes a PUT's at the path's pace. */
async function startSide(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const take = (first: Buffer): void => {
      const end = first.indexOf('\r\n\r\n') + 4;
      const method = first.toString('latin1', 0, 3);
      if (method === 'HEA') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      socket.off('data', take);
      const [, size = 0, rate = 0] = (
        /\/(\d+)\/(\d+) /.exec(first.toString('latin1', 0, end)) ?? []
      ).map(Number);
      if (method === 'GET') {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`);
        void giveAll(socket, size).then(() => socket.end());
        return;
      }
      void takeSlowly(socket, size - (first.length - end), rate).then((taken) => {
        const text = String(taken + first.length - end);
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      });
    };
    socket.on('data', take);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function download(port: number, size: number, rate: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /u/${size}/${rate} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  const taken = await takeSlowly(socket, size + 1, rate);
  socket.destroy();
  return taken;
}

async function upload(port: number, size: number, rate: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.write(
    `PUT /u/${size}/${rate} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${size}\r\n` +
      'Connection: close\r\n\r\n',
  );
  await giveAll(socket, size);
  if (!socket.closed) await once(socket, 'close');
  return answer;
}

function both(port: number, size: number, rate: number): Promise<[number, string]> {
  return Promise.all([download(port, size, rate), upload(port, size, rate)]);
}

/** Memory that is the process's own: pages of files, which come and go, left out. */
function ownBytes(pid: number): number {
  const line = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

const [legacy, candidate] = [await startSide(), await startSide()];
const file = join(FOLDER, 'crossfade.yaml');
writeFileSync(
  file,
  `listen: 127.0.0.1:0
legacy: { url: http://127.0.0.1:${legacy.port} }
candidate: { url: http://127.0.0.1:${candidate.port} }
workers: 1
control: { listen: 127.0.0.1:0 }
store: { sqlite: ${join(FOLDER, 'crossfade.db')} }
`,
);
const run = await startRun(file, FOLDER);
const [pid = 0] = childrenOf(run.child.pid!);
try {
  // Idle connections, caches and code first: what follows is the bodies' own.
  for (let i = 0; i < 200; i += 1) await fetch(`http://127.0.0.1:${run.port}/`, { method: 'HEAD' });
  await both(run.port, FIRST_SIZE, FIRST_RATE);
  await sleep(2000);
  const before = ownBytes(pid);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, ownBytes(pid));
  }, 200);
  const startedMs = performance.now();
  const [taken, answer] = await both(run.port, SIZE, RATE);
  clearInterval(watch);
  const seconds = (performance.now() - startedMs) / 1000;
  await sleep(3000);
  const { traffic } = await run.status();
  const rows = [
    ['bytes down, head included', String(taken)],
    ['bytes up, as the side counted them', answer.split('\r\n\r\n')[1] ?? answer],
    ['memory before', formatBytes(before)],
    ['memory at most', formatBytes(most)],
    ['rise', formatBytes(most - before)],
    ['compared, matched', `${traffic.compared}, ${traffic.matched}`],
    ['skipped', JSON.stringify(traffic.skipped)],
    ['not comparable', JSON.stringify(traffic.notComparable)],
    ['seconds', seconds.toFixed(0)],
  ];
  process.stdout.write(`${renderTable(['what', 'figure'], rows)}\n`);
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
      `Command: npm run bench -- streaming --size ${values.size} --rate ${values.rate}\n`,
  );
} finally {
  await run.stop();
  legacy.server.close();
  candidate.server.close();
  rmSync(FOLDER, { recursive: true, force: true });
}
process.exit();
