/**
 * The caches of the two Read States engines, in process and without HTTP: `node bench/cache.ts
 * [ENTRIES]`, under a minute at the default. Each engine has a process of its own under the flags
 * of the service; rounds alternate between the two and medians are shown, so that what disturbs
 * the machine disturbs both. Ratios of one run mean something, nanoseconds of one machine do not.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import type { EngineKind } from '../src/read-states/create-engine.ts';
import type { CacheAnswer, CacheQuestion } from './cache-child.ts';

const ENTRIES_DEFAULT = 300_000;
const ROUNDS = 7;
const KINDS = ['legacy', 'slab'] as const;
/** Powers of two, and the capacities where an index of that length would waste most. */
const MEMORY_CAPACITIES = [262_144, 300_000, 1_048_576, 1_048_577];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function startChild(): ChildProcess {
  const file = new URL('./cache-child.ts', import.meta.url).pathname;
  return fork(file, [], { execArgv: ['--expose-gc', '--single-threaded-gc'] });
}

async function ask(child: ChildProcess, question: CacheQuestion): Promise<CacheAnswer> {
  child.send(question);
  const [answer]: CacheAnswer[] = await once(child, 'message');
  return answer!;
}

async function withChild<T>(run: (child: ChildProcess) => Promise<T>): Promise<T> {
  const child = startChild();
  try {
    return await run(child);
  } finally {
    child.disconnect();
  }
}

/** The median answer of each kind to one question, asked in turn. */
async function alternate(
  children: ReadonlyMap<EngineKind, ChildProcess>,
  question: CacheQuestion,
): Promise<Map<EngineKind, CacheAnswer>> {
  const answers = new Map<EngineKind, CacheAnswer[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [kind, child] of children) answers.get(kind)!.push(await ask(child, question));
  }
  return new Map(
    KINDS.map((kind) => {
      const all = answers.get(kind)!;
      return [
        kind,
        { value: median(all.map(({ value }) => value)), bytes: median(all.map((a) => a.bytes)) },
      ];
    }),
  );
}

function printRow(name: string, legacy: string, slab: string): void {
  console.log(name.padEnd(42), legacy.padStart(14), slab.padStart(14));
}

async function compareEngines(entries: number): Promise<void> {
  const children = new Map(KINDS.map((kind) => [kind, startChild()]));
  try {
    for (const [kind, child] of children) {
      await ask(child, { task: 'fill', kind, capacity: entries });
      // The first round is for the compiler.
      await ask(child, { task: 'get' });
    }
    const get = await alternate(children, { task: 'get' });
    const collect = await alternate(children, { task: 'collect' });
    for (const child of children.values()) await ask(child, { task: 'replace' });
    const replace = await alternate(children, { task: 'replace' });
    const show = (answers: Map<EngineKind, CacheAnswer>, unit: string): [string, string] => {
      const [legacy, slab] = KINDS.map((kind) => `${answers.get(kind)!.value.toFixed(0)} ${unit}`);
      return [legacy!, slab!];
    };
    const bytes = KINDS.map((kind) => `${get.get(kind)!.bytes.toFixed(2)} B`);
    printRow(`${entries} entries, medians of ${ROUNDS}`, 'legacy', 'slab');
    printRow('get, entry in the cache', ...show(get, 'ns'));
    printRow('  heap allocated by one', bytes[0]!, bytes[1]!);
    printRow('insert for the oldest, of 100,000', ...show(replace, 'ns'));
    printRow('forced full collection', ...show(collect, 'µs'));
  } finally {
    for (const child of children.values()) child.disconnect();
  }
}

async function showMemory(): Promise<void> {
  console.log('\nslab, bytes an entry   reserved   resident after touch   resident, full');
  for (const capacity of MEMORY_CAPACITIES) {
    const [reserved, touched, full] = await withChild(async (child) => [
      await ask(child, { task: 'reserve', kind: 'slab', capacity }),
      await ask(child, { task: 'resident' }),
      await ask(child, { task: 'fill-reserved' }),
    ]);
    console.log(
      String(capacity).padStart(20),
      reserved.value.toFixed(1).padStart(11),
      touched.value.toFixed(1).padStart(22),
      full.value.toFixed(1).padStart(16),
    );
  }
}

const entries = Number(process.argv[2] ?? ENTRIES_DEFAULT);
console.log(`node bench/cache.ts ${entries}`);
console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}\n`);
await compareEngines(entries);
await showMemory();
