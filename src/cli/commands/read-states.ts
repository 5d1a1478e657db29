import { constants } from 'node:os';
import { Command } from 'commander';
import { CrossfadeError } from '../../kit/errors.ts';
import { parseDurationMs } from '../../kit/units.ts';
import { FLAW_FORMS, type Flaw, parseFlaw } from '../../read-states/flaws.ts';
import type { EngineKind } from '../../read-states/create-engine.ts';
import { ENGINES, type ServerOptions } from '../../read-states/server-options.ts';
import {
  type ProcessEnd,
  type ReadStatesProcess,
  spawnReadStates,
} from '../../read-states/spawn.ts';

/** Port of each engine unless another is given: as in the configuration that the docs show. */
const DEFAULT_PORTS: Readonly<Record<EngineKind, number>> = { legacy: 9001, slab: 9002 };
/** Most states one cache may hold: a slot number has 24 bits. */
const CAPACITY_MAX = 2 ** 24 - 1;

/** The code a process ended with, or as shells give it for the signal that ended it. */
function exitCodeOf({ code, signal }: ProcessEnd): number {
  return code ?? signalExitCode(signal ?? 'SIGKILL');
}

function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

interface CommandOptions {
  readonly engine: string;
  readonly host: string;
  readonly port?: string;
  readonly store: string;
  readonly capacity: string;
  readonly commitDelay: string;
  readonly gcPeriod?: string;
  readonly flaw: readonly string[];
  readonly flawsOnSignal?: boolean;
  readonly preload: string;
  readonly seed: string;
  readonly flushWithin: string;
  readonly label: string;
  readonly json?: boolean;
}

/** `crossfade read-states`: the built-in service, in a process of its own under fixed V8 flags. */
export function readStatesCommand(): Command {
  const flaws = Object.values(FLAW_FORMS).map(({ form, effect }) => `  ${form}: ${effect}`);
  return new Command('read-states')
    .description('serve Read States: the last message read and the mentions, per user and channel')
    .requiredOption('--engine <kind>', `how states are cached: ${ENGINES.join(' or ')}`)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 for any (legacy 9001, slab 9002)')
    .option('--store <store>', 'memory, sqlite:FILE or cassandra://HOST/KEYSPACE', 'memory')
    .option('--capacity <states>', 'states the cache holds', '500000')
    .option('--commit-delay <duration>', 'time until a change is written', '30s')
    .option('--gc-period <duration>', 'force a full collection this often (legacy 120s, slab 0)')
    .option('--flaw <kind>', 'answer wrongly on purpose; may be repeated', append, [])
    .option('--preload <states>', 'load this many made-up states at the start', '0')
    .option('--seed <number>', 'seed of made-up states and of flaws', '1')
    .option('--flush-within <duration>', 'longest that stopping may write', '30s')
    .option('--flaws-on-signal', 'the flaws strike only from the first SIGUSR2 on')
    .option('--label <text>', 'name of this build, shown in its metrics', '')
    .option('--json', 'say that it listens as one line of JSON')
    .addHelpText('after', `\nFlaws:\n${flaws.join('\n')}`)
    .action(async (options: CommandOptions) => {
      await serve(parseServerOptions(options), options.json === true);
    });
}

function append(value: string, values: readonly string[]): string[] {
  return [...values, value];
}

/** What the server is told; throws a CrossfadeError (exit 2) for whatever is not as it must be. */
function parseServerOptions(options: CommandOptions): ServerOptions {
  const engine = parseEngine(options.engine);
  const capacity = wholeNumber('--capacity', options.capacity, 1, CAPACITY_MAX);
  const gcDefault = engine === 'legacy' ? '120s' : '0';
  const flaws: Flaw[] = options.flaw.map(parseFlaw);
  return {
    engine,
    host: options.host,
    port: wholeNumber('--port', options.port ?? String(DEFAULT_PORTS[engine]), 0, 65_535),
    store: options.store,
    capacity,
    commitDelayMs: duration('--commit-delay', options.commitDelay),
    gcPeriodMs: duration('--gc-period', options.gcPeriod ?? gcDefault),
    flaws,
    areFlawsOnSignal: options.flawsOnSignal === true,
    preload: wholeNumber('--preload', options.preload, 0, capacity),
    seed: wholeNumber('--seed', options.seed, 0, 2 ** 31 - 1),
    flushMaxMs: duration('--flush-within', options.flushWithin),
    label: options.label,
  };
}

function parseEngine(text: string): EngineKind {
  const engine = ENGINES.find((kind) => kind === text);
  if (engine !== undefined) return engine;
  throw new CrossfadeError('unknown-engine', `unknown engine '${text}'`, {
    hint: `engines are ${ENGINES.join(' and ')}`,
  });
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CrossfadeError('bad-option', `${option} is '${text}'`, {
    hint: `it must be a whole number from ${min} to ${max}`,
  });
}

function duration(option: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw new CrossfadeError('bad-option', `${option} is '${text}'`, {
    hint: 'it must be a duration such as 30s, 2m or 250ms',
  });
}

/** Starts the server, passes signals on, and ends as it ends. */
async function serve(options: ServerOptions, isJson: boolean): Promise<void> {
  let server: ReadStatesProcess | null = null;
  const forward = (signal: NodeJS.Signals): void => {
    // Before the server listens there is nothing to write: it ends when its parent has.
    if (server === null) process.exit(signalExitCode(signal));
    void server.stop(signal);
  };
  process.on('SIGTERM', forward);
  process.on('SIGINT', forward);
  try {
    server = await spawnReadStates(options);
    const { url, pid } = server;
    const early = await Promise.race([server.ready, server.exited]);
    if (early === undefined) {
      const { engine, store } = options;
      const sentence = `read-states (${engine}) listens on ${url}, store ${store}, pid ${pid}`;
      process.stdout.write(`${isJson ? JSON.stringify({ engine, url, store, pid }) : sentence}\n`);
    }
    process.exitCode = exitCodeOf(await server.exited);
  } finally {
    process.off('SIGTERM', forward);
    process.off('SIGINT', forward);
  }
}
