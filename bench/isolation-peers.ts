/**
 * What a shadow's trouble costs live traffic behind every mirror there is: live requests answered
 * of those sent, errors, and p99 to that with a healthy shadow. Every block has a proxy of its
 * own, warmed while the shadow is healthy, so that none pays for the block before it.
 */
import { cpus, tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration, formatLatency } from '../src/kit/units.ts';
import { median } from '../src/kit/median.ts';
import { renderTable } from '../src/report/table.ts';
import type { LoadResult, ToLoad } from './isolation-load.ts';
import { pairedRatio } from './isolation-ratio.ts';
import type { FromSide, SideMode, ToSide } from './isolation-side.ts';
import { PEERS } from './peers.ts';
import { type Pinning, pinToCores } from './pinning.ts';
import { type Arm, ArmStarter, versionsOf } from './proxy-arms.ts';
import { Child } from './trial-child.ts';

export interface PeersOptions {
  readonly blockMs: number;
  readonly ratePerSec: number;
  /** How long a healthy answer takes. */
  readonly answerMs: number;
  /** Blocks of each kind for each way. */
  readonly blocks: number;
  /** Ids of ways; null: all. */
  readonly rows: readonly string[] | null;
}

interface Trouble {
  readonly name: string;
  readonly mode: SideMode;
  /** On top of what an answer takes. */
  readonly addedMs: number;
}

interface Stage {
  readonly options: PeersOptions;
  readonly legacy: Child<ToSide, FromSide>;
  readonly shadow: Child<ToSide, FromSide>;
  readonly load: Child<ToLoad, LoadResult>;
}

/** The blocks of a way by the shadow's trouble. */
type Blocks = ReadonlyMap<Trouble, LoadResult[]>;

const HEALTHY: Trouble = { name: 'healthy', mode: 'healthy', addedMs: 0 };
const TROUBLES: readonly Trouble[] = [
  HEALTHY,
  { name: 'slow by 500 ms', mode: 'healthy', addedMs: 500 },
  { name: 'down', mode: 'dead', addedMs: 0 },
  { name: 'hung', mode: 'hung', addedMs: 0 },
  { name: 'resetting', mode: 'resetting', addedMs: 0 },
];
const CONNECTIONS = 256;
const WARM_UP_MS = 2000;
/** After it, at the rate of the blocks. */
const CALM_MS = 1000;
const WIDTH_MAX = 120;

function armsOf(starter: ArmStarter, { rows }: PeersOptions): readonly Arm[] {
  const isWanted = (id: string): boolean => rows?.includes(id) ?? true;
  const arms: Arm[] = [];
  for (const peer of PEERS.filter(({ id, isMirroring }) => isMirroring && isWanted(id))) {
    const arm = starter.peer(peer);
    if (arm === null) process.stdout.write(`${peer.name}: not installed, left out\n`);
    else arms.push(arm);
  }
  const ours = starter.crossfade(true);
  return isWanted(ours.way.id) ? [...arms, ours] : arms;
}

/** A block with the shadow in trouble from its first request on. */
async function block(stage: Stage, arm: Arm, trouble: Trouble): Promise<LoadResult> {
  const { legacy, shadow, load, options } = stage;
  const { answerMs, ratePerSec, blockMs } = options;
  const { port } = arm.way;
  const healthy = { mode: 'healthy', delayMs: answerMs } as const;
  await legacy.tell(healthy);
  await shadow.tell(healthy);
  await arm.begin();
  await load.tell({ port, connections: CONNECTIONS, ratePerSec: null, ms: WARM_UP_MS });
  await load.tell({ port, connections: CONNECTIONS, ratePerSec, ms: CALM_MS });
  await shadow.tell({ mode: trouble.mode, delayMs: answerMs + trouble.addedMs });
  const seen = await load.tell({ port, connections: CONNECTIONS, ratePerSec, ms: blockMs });
  await arm.end();
  return seen;
}

/** All blocks, ways and troubles in turn. */
async function measure(stage: Stage, arms: readonly Arm[]): Promise<ReadonlyMap<Arm, Blocks>> {
  const blocks = new Map(
    arms.map((arm) => [arm, new Map(TROUBLES.map((one) => [one, [] as LoadResult[]]))]),
  );
  for (let round = 0; round < stage.options.blocks; round += 1) {
    for (const arm of arms) {
      for (const trouble of TROUBLES) {
        const seen = await block(stage, arm, trouble);
        blocks.get(arm)!.get(trouble)!.push(seen);
        process.stderr.write(
          `${round + 1} of ${stage.options.blocks}, ${arm.way.name}, ${trouble.name}: ` +
            `${seen.answered} of ${seen.sent} answered, p99 ${formatLatency(seen.p99Us)}\n`,
        );
      }
    }
  }
  return blocks;
}

function sumOf(results: readonly LoadResult[], name: 'sent' | 'answered' | 'errors'): number {
  return results.reduce((sum, result) => sum + result[name], 0);
}

function report(blocks: ReadonlyMap<Arm, Blocks>): string {
  const columns = ['way', 'shadow', 'answered', 'of sent', 'errors', 'p99', 'to healthy'];
  const rows = [...blocks].flatMap(([arm, byTrouble]) =>
    [...byTrouble].map(([trouble, results]) => {
      const healthy = byTrouble.get(HEALTHY)!;
      const pairs = results.map(({ p99Us }, i) => [healthy[i]!.p99Us, p99Us] as const);
      const { ratio } = pairedRatio(pairs);
      return [
        arm.way.name,
        trouble.name,
        String(sumOf(results, 'answered')),
        String(sumOf(results, 'sent')),
        String(sumOf(results, 'errors')),
        formatLatency(median(results.map(({ p99Us }) => p99Us))!),
        trouble === HEALTHY ? '' : ratio.toFixed(2),
      ];
    }),
  );
  return renderTable(columns, rows, {
    widthMax: WIDTH_MAX,
    align: ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
  });
}

function closingLines(options: PeersOptions, arms: readonly Arm[], pinning: Pinning): string {
  return [
    `${options.blocks} blocks of ${formatDuration(options.blockMs)} for each way and trouble, ` +
      'interleaved, each with a proxy that was started for it; ' +
      `${options.ratePerSec} requests a second over ${CONNECTIONS} connections; both sides ` +
      `answer after ${options.answerMs} ms. p99: median of the blocks; to healthy: mean of the ` +
      'ratios. Errors: wrong answers and closed connections; what is neither answered nor an ' +
      'error had no answer 10 s after its block. Shadows are given up after 2 s where that can ' +
      'be told.',
    pinning.says,
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}; ` +
      `${versionsOf(arms)}.`,
    `Command: npm run bench -- isolation ${process.argv.slice(2).join(' ')}`,
  ].join('\n');
}

/**
 * Measures and prints the table; true where every live request was answered behind Crossfade, as
 * far as it was among the ways.
 */
export async function comparePeers(options: PeersOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-isolation-'));
  const pinning = pinToCores();
  const legacy = new Child<ToSide, FromSide>('isolation-side.ts');
  const shadow = new Child<ToSide, FromSide>('isolation-side.ts');
  const sides = { legacy: (await legacy.hear()).port, candidate: (await shadow.hear()).port };
  const load = new Child<ToLoad, LoadResult>('isolation-load.ts');
  const starter = new ArmStarter(folder, sides, pinning, 10_000 + (process.pid % 20_000));
  const arms = armsOf(starter, options);
  try {
    const blocks = await measure({ options, legacy, shadow, load }, arms);
    process.stdout.write(`${report(blocks)}\n\n${closingLines(options, arms, pinning)}\n`);
    const ours = [...blocks].filter(([{ way }]) => way.isOurs === true);
    const results = ours.flatMap(([, byTrouble]) => [...byTrouble.values()].flat());
    return results.every(({ failed }) => failed === 0);
  } finally {
    await Promise.all(arms.map((arm) => arm.end()));
    for (const child of [legacy, shadow, load]) child.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
