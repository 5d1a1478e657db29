/**
 * What the proxy costs: the same load direct, through Crossfade (serving alone; mirroring and
 * comparing every answer) and through the proxies and mirrors of others, which throw the copy's
 * answer away. Saturated by wrk, at 2,000 a second, and at half of what saturates nginx's mirror;
 * interleaved rounds, medians and ranges. CPU is that of all the proxy's processes and threads
 * until the shadow's work is done. Peers are taken from the path; see `peers.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDurationMs } from '../src/kit/units.ts';
import { CPU_SOURCE } from './cpu-time.ts';
import { PEERS } from './peers.ts';
import { type Pinning, pinToCores } from './pinning.ts';
import { type Arm, ArmStarter, versionsOf } from './proxy-arms.ts';
import { type Findings, medianOf, reportFindings, type Rounds } from './proxy-report.ts';
import { describeRound, measureRound, type Round, type Stage } from './proxy-round.ts';
import { Upstream } from './upstreams.ts';

const FIXED_PER_SEC = 2000;
/** Code that is compiled as it runs has been by then. */
const WARM_UP_MS = 8000;
/** Below the ports that the system gives to connections. */
const FIRST_PORT = 10_000 + (process.pid % 20_000);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    round: { type: 'string', default: '3s' },
    clients: { type: 'string', default: '64' },
    /** Ids of ways; all when not given. */
    rows: { type: 'string' },
  },
});
const ROUNDS = Number(values.rounds);

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The ways that are wanted and installed. */
function armsOf(starter: ArmStarter): readonly Arm[] {
  const wanted = values.rows?.split(',');
  const isWanted = (id: string): boolean => wanted?.includes(id) ?? true;
  const arms = [starter.direct()];
  for (const peer of PEERS.filter(({ id }) => isWanted(id))) {
    const arm = starter.peer(peer);
    if (arm === null) process.stdout.write(`${peer.name}: not installed, left out\n`);
    else arms.push(arm);
  }
  process.stdout.write('Diffy: left out; it asks three sides, two of them legacy, for each\n');
  arms.push(starter.crossfade(false), starter.crossfade(true));
  return arms.filter(({ way }) => way.id === 'direct' || isWanted(way.id));
}

/** Rounds of every way, one after the other, each time beginning with another one. */
async function interleave(
  stage: Stage,
  arms: readonly Arm[],
  loads: readonly (number | null)[],
  name: string,
): Promise<readonly Rounds[]> {
  const seen = loads.map(() => new Map<Arm, Round[]>(arms.map((arm) => [arm, []])));
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % arms.length;
    for (const arm of [...arms.slice(first), ...arms.slice(0, first)]) {
      for (const [i, ratePerSec] of loads.entries()) {
        const measured = await measureRound(stage, arm, ratePerSec);
        seen[i]!.get(arm)!.push(measured);
        const load = ratePerSec === null ? 'saturated' : `${ratePerSec}/s`;
        progress(`${name} ${round + 1} of ${ROUNDS}, ${load}: ${describeRound(arm, measured)}`);
      }
    }
  }
  return seen;
}

async function measure(stage: Stage, arms: readonly Arm[]): Promise<Findings> {
  const warm = { ...stage, roundMs: WARM_UP_MS };
  for (const arm of arms)
    progress(`warm: ${describeRound(arm, await measureRound(warm, arm, null))}`);
  const [saturated, fixed] = await interleave(stage, arms, [null, FIXED_PER_SEC], 'round');
  const perSec = (id: string): number | null => medianOf(saturated!, id, (round) => round.perSec);
  const measure = perSec('nginx-mirror') ?? perSec('crossfade-mirror') ?? 2 * FIXED_PER_SEC;
  const halfPerSec = Math.round(measure / 2);
  const [half] = await interleave(stage, arms, [halfPerSec], 'paced round');
  return {
    saturated: saturated!,
    fixed: fixed!,
    fixedPerSec: FIXED_PER_SEC,
    half: half!,
    halfPerSec,
  };
}

function closingLines(arms: readonly Arm[], pinning: Pinning): string {
  const options = process.argv.slice(2).join(' ');
  return [
    'In every round of Crossfade’s: received = mirrored = compared, as the sides counted them.',
    `Rounds for each way and load: ${ROUNDS} of ${values.round}, interleaved, ` +
      `${values.clients} kept connections; medians, lowest and highest. One worker each.`,
    `${pinning.says} CPU by ${CPU_SOURCE}.`,
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, ` +
      `Node ${process.versions.node}; ${versionsOf(arms)}.`,
    `Command: npm run bench -- proxy${options === '' ? '' : ` ${options}`}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));
  const ends: (() => Promise<void>)[] = [];
  try {
    const pinning = pinToCores();
    const side = async (name: string, port: number): Promise<Upstream> => {
      const upstream = await Upstream.start(join(folder, name), port, port + 1);
      ends.push(async () => upstream.end());
      return upstream;
    };
    const legacy = await side('legacy', FIRST_PORT);
    const candidate = await side('candidate', FIRST_PORT + 2);
    const sides = { legacy: legacy.port, candidate: candidate.port };
    const arms = armsOf(new ArmStarter(folder, sides, pinning, FIRST_PORT + 3));
    ends.push(...arms.map((arm) => () => arm.end()));
    const roundMs = parseDurationMs(values.round) ?? 3000;
    const stage = { legacy, candidate, clients: Number(values.clients), roundMs };
    const findings = await measure(stage, arms);
    process.stdout.write(`${reportFindings(findings)}\n\n${closingLines(arms, pinning)}\n`);
  } finally {
    await Promise.all(ends.map((end) => end()));
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
process.exit();
