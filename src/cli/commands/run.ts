import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadSettings, settingsFromUrls, type UrlOptions } from '../../config/load.ts';
import { controlPathOf, isLeftBehind } from '../../control/control-file.ts';
import { type ControlServer, requireFreePort, startControl } from '../../control/server.ts';
import {
  type BuiltinEngine,
  createBuiltinEngine,
  type EngineObserver,
} from '../../engines/builtin.ts';
import { bindListenHandle } from '../../engines/listen-handle.ts';
import { requireTwoServers } from '../../engines/one-server.ts';
import { systemClock } from '../../kit/clock.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { createLog, type Log } from '../../kit/log.ts';
import { createResourcePoller, type ResourcePoller } from '../../measure/runtime-metrics.ts';
import type { ObservedSecond } from '../../model/observed.ts';
import type { Settings } from '../../model/settings.ts';
import { type Controller, createController } from '../../rollout/controller.ts';
import { lapsedRules } from '../../rollout/lapsed-rules.ts';
import { type ReadingSource, SecondsLog } from '../../rollout/seconds-log.ts';
import type { ObservedSecondStore } from '../../store/observed-seconds.ts';
import { openRolloutStore } from '../../store/rollout-store.ts';
import { createReloading } from '../reloading.ts';

export interface RunFlags extends Partial<UrlOptions> {
  readonly config?: string;
  readonly label?: string;
  readonly quiet?: boolean;
}

/** `crossfade run`: proxy, comparison and rollout on one machine, until a signal. */
export function runCommand(): Command {
  return addRunOptions(new Command('run'))
    .description('put the proxy in front of both sides, compare, and drive the canary')
    .action((flags: RunFlags) => run(flags));
}

/** What `run` and `record` have in common. */
export function addRunOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration (YAML)')
    .option('--legacy <url>', 'legacy side, instead of a configuration: shadow only')
    .option('--candidate <url>', 'candidate side')
    .option('--legacy-metrics <url>', "Prometheus page of legacy's process")
    .option('--candidate-metrics <url>', "Prometheus page of the candidate's process")
    .option('--listen <host:port>', 'where clients connect (default 127.0.0.1:8080)')
    .option('--control <host:port>', 'control API, on loopback (default 127.0.0.1:8081)')
    .option('--store <file>', 'SQLite file of the rollout (default ./crossfade.db)')
    .option('--label <build>', 'label of the candidate build, for a new store')
    .option('--quiet', 'log warnings and errors alone');
}

/** Runs until SIGINT or SIGTERM; answers once everything has drained. */
export async function run(flags: RunFlags): Promise<void> {
  const settings = settingsOf(flags);
  const log = createLog(process.stderr.isTTY, flags.quiet === true);
  await requireTwoServers(settings, log);
  const isTakeover = isLeftBehind(settings.storePath);
  const store = openRolloutStore(settings.storePath);
  try {
    await serve(flags, settings, store, isTakeover, log);
  } finally {
    store.close();
  }
}

async function serve(
  flags: RunFlags,
  settings: Settings,
  store: ReturnType<typeof openRolloutStore>,
  isTakeover: boolean,
  log: Log,
): Promise<void> {
  const { storePath, control: listen } = settings;
  const handle = await bindListenHandle(settings.listen, isTakeover);
  const engine = createBuiltinEngine({
    settings,
    handle,
    isTakeover,
    controlPath: controlPathOf(storePath),
    missedWrites: store.missedWrites,
    log,
  });
  const polling = createPolling(settings);
  const controller = createController({
    settings,
    store,
    engine,
    clock: systemClock,
    log,
    resources: polling,
    ...(flags.label === undefined ? {} : { label: flags.label }),
  });
  const reload = createReloading({
    settings,
    read: () => readAgain(flags, settings),
    engine,
    controller,
    took: (next) => {
      polling.follow(next);
      warnOf(next, flags, log);
    },
    log,
  });
  const observed = secondsOf(store.observed);
  const seconds = secondsLog(store.observed, polling, controller, log);
  const ended = untilSignal(engine);
  let control: ControlServer | null = null;
  reloadOnHangUp(() => control !== null, reload);
  try {
    const early = await Promise.race([engine.start(alsoTo(controller, seconds)), ended]);
    if (early !== undefined) {
      process.exitCode = exitCodeOf(early);
      return;
    }
    await requireFreePort(listen);
    await controller.start();
    control = await startControl({ listen, storePath, controller, reload, observed });
    process.stdout.write(
      `crossfade: serving ${settings.listen.host}:${handle.port}, control ${control.address}\n`,
    );
    warnOf(settings, flags, log);
    if (!engine.isReachable('legacy')) warnOfLegacy(settings, log);
    const signal = await ended;
    process.exitCode = exitCodeOf(signal);
    // It goes on answering, that it is not ready.
    control.withdraw();
    process.stdout.write(`crossfade: ${signal}, draining\n`);
  } finally {
    await engine.close();
    await control?.close();
    await controller.close();
    seconds.close();
    polling.close();
  }
}

/** What both sides' processes say of themselves; of others, after a reload. */
function createPolling(settings: Settings): ResourcePoller & { follow(next: Settings): void } {
  let poller = createResourcePoller(settings, systemClock);
  return {
    legacy: () => poller.legacy(),
    candidate: () => poller.candidate(),
    follow(next) {
      poller.close();
      poller = createResourcePoller(next, systemClock);
    },
    close: () => poller.close(),
  };
}

/** Writes down every second, as far as the store has room. */
function secondsLog(
  store: ObservedSecondStore,
  readings: ReadingSource,
  controller: Controller,
  log: Log,
): SecondsLog {
  const rollout = (): number => controller.assignment().rollout ?? 0;
  return new SecondsLog({ store, readings, clock: systemClock, log, rollout });
}

/** Reads them, an answer of the control API at a time. */
function secondsOf(store: ObservedSecondStore): (sinceMs: number) => readonly ObservedSecond[] {
  return (sinceMs) => store.since(sinceMs, LIMITS.observedSecondsPerAnswer);
}

/** The controller hears everything, and the log of seconds every summary. */
function alsoTo(controller: Controller, seconds: SecondsLog): EngineObserver {
  return {
    accept(summary) {
      seconds.accept(summary);
      controller.accept(summary);
    },
    workerLost: (worker) => controller.workerLost(worker),
    assignment: () => controller.assignment(),
    taintedKeys: () => controller.taintedKeys(),
    taint: (keys) => controller.taint(keys),
  };
}

/** What is wrong with the configuration is in the log. */
function reloadOnHangUp(isServing: () => boolean, reload: () => Promise<unknown>): void {
  process.on('SIGHUP', () => {
    if (isServing()) reload().catch(() => undefined);
  });
}

function warnOfLegacy({ legacy: { url } }: Settings, log: Log): void {
  log.warn({ url }, 'legacy cannot be reached: clients get 502 until it is');
}

/** What is right as it is written and hardly what was meant. */
function warnOf(settings: Settings, flags: RunFlags, log: Log): void {
  const upToPercent = settings.ladder.at(-1)?.percent ?? 0;
  // Two URLs alone never meant more than a shadow.
  if (settings.key === null && upToPercent > 0 && flags.config !== undefined) {
    log.warn({ upToPercent }, 'the ladder is not climbed: no key is configured');
  }
  for (const rule of lapsedRules(settings, systemClock.wallMs())) {
    log.warn({ ...rule }, 'a compare rule no longer holds');
  }
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return signal === 'SIGINT' ? 130 : 143;
}

function settingsOf(flags: RunFlags): Settings {
  if (flags.config !== undefined) {
    if (flags.legacy !== undefined || flags.candidate !== undefined) {
      throw new CrossfadeError('usage', 'both -c and --legacy/--candidate are given', {
        hint: 'use the configuration alone, or the two URLs alone',
      });
    }
    return withRecord(loadSettings(flags.config), flags.record);
  }
  const { legacy, candidate } = flags;
  if (legacy === undefined || candidate === undefined) {
    const [given, missing] =
      legacy === undefined ? ['candidate', 'legacy'] : ['legacy', 'candidate'];
    if (legacy !== candidate) {
      throw new CrossfadeError('usage', `--${missing} is missing`, {
        hint: `--${given} needs the other side too; or use -c crossfade.yaml`,
      });
    }
    throw new CrossfadeError('usage', 'nothing to run: no configuration and no two URLs', {
      hint: 'crossfade run -c crossfade.yaml, or crossfade run --legacy URL --candidate URL',
    });
  }
  const { record, ...options } = flags;
  return withRecord(settingsFromUrls({ ...options, legacy, candidate }), record);
}

/** The same words again: the file may say something else now. */
function readAgain({ record, ...flags }: RunFlags, first: Settings): Settings {
  const settings = settingsOf(flags);
  // What the command line said of recording holds for as long as the run.
  return record === undefined
    ? settings
    : Object.freeze({ ...settings, workers: first.workers, record: first.record });
}

function withRecord(settings: Settings, record: string | undefined): Settings {
  if (record === undefined) return settings;
  const path = resolve(record);
  if (existsSync(path)) {
    throw new CrossfadeError('recording-exists', `${record} is there already`, {
      hint: 'an existing recording is never touched: choose another name',
    });
  }
  const maxBytes = settings.record?.maxBytes ?? LIMITS.recordingMaxBytes;
  // One proxy writes one file; several would write a part each.
  return Object.freeze({ ...settings, workers: 1, record: { path, maxBytes } });
}

/** The first signal begins the drain; a second one ends everything at once. */
function untilSignal(engine: BuiltinEngine): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isFirst = true;
    const hear = (signal: NodeJS.Signals): void => {
      if (!isFirst) {
        engine.abort();
        process.exit(exitCodeOf(signal));
      }
      isFirst = false;
      resolve(signal);
    };
    process.on('SIGINT', hear);
    process.on('SIGTERM', hear);
  });
}
