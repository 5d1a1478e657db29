import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { call, findControl } from '../../control/client.ts';
import { EXIT } from '../../kit/errors.ts';
import { formatBytes } from '../../kit/units.ts';
import type { ClusterRow } from '../../model/cluster.ts';
import type { RolloutEvent, Status } from '../../model/rollout.ts';
import type { Report, ReportTable } from '../../report/report.ts';
import { renderReport } from '../../report/render.ts';
import { wrap } from '../../report/table.ts';
import { renderReportTable } from '../../report/terminal.ts';
import type { PairedSecond } from '../../rollout/seconds.ts';
import { contrastCollections, storyTable } from '../../report/story.ts';
import type { MeasuredRun, Rollout } from '../demo/observe.ts';
import { createScreen, type Screen } from '../demo/screen.ts';
import { DEMO, demoConfiguration, PACES } from '../demo/settings.ts';
import { freePorts, Stage } from '../demo/stage.ts';
import { storesOf } from '../demo/stores.ts';
import {
  type Cast,
  climbAct,
  type Fault,
  FAULTS,
  faultAct,
  introduce,
  shadowAct,
  startSide,
  swap,
} from '../demo/story.ts';

interface DemoFlags {
  readonly fault?: Fault;
  readonly store: 'sqlite' | 'cassandra';
  readonly report: string;
}

/** `crossfade demo`: the whole migration on real processes, in about a minute. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('the whole story on real processes, in about a minute; nothing to configure')
    .addOption(
      new Option('--fault <kind>', 'break the candidate at 10 % instead').choices([
        'slow',
        'wrong',
        'crash',
      ]),
    )
    .addOption(
      new Option('--store <kind>', 'where both sides keep their states')
        .choices(['sqlite', 'cassandra'])
        .default('sqlite'),
    )
    .option('--report <file>', 'where the HTML report goes', 'crossfade-demo/report.html')
    .action((flags: DemoFlags) => demo(flags));
}

/** Tells the story; whatever happens, no process and no folder of it is left behind. */
export async function demo(flags: DemoFlags): Promise<void> {
  const stage = new Stage();
  const screen = createScreen(process.stdout);
  let isInterrupted = false;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (isInterrupted) process.exit(EXIT.internal);
    isInterrupted = true;
    void stage.strike().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await tell(stage, screen, flags);
  } catch (error) {
    // What fails because its processes were just ended is not the story's failure.
    if (!isInterrupted) throw error;
    await new Promise(() => undefined);
  } finally {
    await stage.strike();
  }
}

async function tell(stage: Stage, screen: Screen, flags: DemoFlags): Promise<void> {
  const startedAtMs = Date.now();
  screen.say('Crossfade: an old and a new Read States service, side by side on the same traffic.');
  const pace = PACES[flags.store];
  const ports = await freePorts();
  const stores = storesOf(stage, flags.store);
  const setting = { stage, ports, stores };
  const isFault = flags.fault !== undefined;
  const flaws = isFault ? FAULTS[flags.fault].flaws : ['timestamp-precision', 'column-order'];
  const gcPeriodMs = isFault ? 0 : DEMO.gcPeriodMs;
  const [legacy, candidate] = await Promise.all([
    startSide(setting, 'legacy', [], DEMO.gcPeriodMs),
    startSide(setting, 'candidate', flaws, gcPeriodMs, isFault),
  ]);
  await introduce(screen, legacy);
  const label = isFault ? 'slab-sound' : 'slab-flawed';
  await stage.run(demoConfiguration(ports), label);
  const rollout = rolloutAt(stage.path('crossfade.db'));
  const stopEvents = followEvents(rollout, screen);
  const traffic = await stage.traffic({
    target: `http://127.0.0.1:${ports.proxy}`,
    ratePerSec: pace.ratePerSec,
    seed: DEMO.seed,
    users: DEMO.users,
  });
  const cast: Cast = { ...setting, screen, legacy, rollout, traffic, pace };
  if (flags.fault === undefined) {
    const flawed = await shadowAct(cast, candidate);
    const sound = await swap(cast, candidate);
    const climb = await climbAct(cast, sound);
    await stopEvents();
    await traffic.pause();
    const runs = [climb.legacy, climb.candidate, flawed.measured];
    const seconds = Math.round((Date.now() - startedAtMs) / 1000);
    const events = await rollout.events(0);
    const report = reportOf(runs, flawed.clusters, climb.status, events, seconds, flags);
    conclude(screen, report, climb.status, flags);
    if (climb.status.rollout.phase !== 'complete') process.exitCode = EXIT.inconclusive;
    return;
  }
  const status = await faultAct(cast, candidate, flags.fault);
  await stopEvents();
  const { answered, failedSafe, failedWrites } = await traffic.pause();
  const hasFallenBack = status.rollout.phase === 'rolled-back';
  screen.heading(
    hasFallenBack
      ? `Rolled back to ${status.rollout.percent} % by itself`
      : `Not rolled back within ${DEMO.faultMaxMs / 1000} s: still at ${status.rollout.percent} %`,
  );
  screen.say(status.rollout.reason);
  screen.say(
    `${answered} requests: ${failedSafe} failed on safe methods, ${failedWrites} writes failed; ` +
      `${status.traffic.rescued} reads were rescued with legacy’s answer.`,
  );
  if (!hasFallenBack || failedSafe > 0) process.exitCode = EXIT.internal;
}

/** Prints each event of the log as it happens; the answer prints the last ones and stops. */
function followEvents(rollout: Rollout, screen: Screen): () => Promise<void> {
  let lastId = 0;
  let isStopped = false;
  const look = async (): Promise<void> => {
    for (const event of await rollout.events(lastId)) {
      lastId = Math.max(lastId, event.id);
      for (const line of eventLines(event, screen.width)) screen.say(line);
    }
  };
  const follow = async (): Promise<void> => {
    while (!isStopped) {
      await look();
      await sleep(250);
    }
  };
  const following = follow();
  // Awaited below; a run that was stopped meanwhile must not end this process.
  following.catch(() => undefined);
  return async () => {
    isStopped = true;
    await following;
    await look();
  };
}

/** One event, its sentence wrapped under itself. */
function eventLines(event: RolloutEvent, width: number): readonly string[] {
  const time = new Date(event.atMs).toISOString().slice(11, 19);
  const percent = `${event.percent} %`.padStart(5);
  const head = `${time}  ${event.kind.padEnd(8)} ${percent}  `;
  const [first = '', ...rest] = wrap(event.sentence, Math.min(width, 120) - head.length);
  return [head + first, ...rest.map((line) => ' '.repeat(head.length) + line)];
}

function reportOf(
  measured: readonly MeasuredRun[],
  flaws: readonly ClusterRow[],
  status: Status,
  events: readonly RolloutEvent[],
  seconds: number,
  flags: DemoFlags,
): Report {
  const runs = measured.map(({ run }) => run);
  const legacyRun = measured[0]!;
  const slabRun = measured[1]!;
  const contrast = contrastCollections(legacyRun.series.seconds, slabRun.series.seconds);
  const { capacity, gcPeriodMs, seed, users } = DEMO;
  const { ratePerSec, warmUpMs } = PACES[flags.store];
  return {
    title: 'Read States: from a heap LRU to a slab',
    context: [
      `crossfade demo --store ${flags.store}, ${seconds} s on ${machine()}`,
      `${ratePerSec} requests a second, open loop, ${users} users, seed ${seed}; ` +
        `each engine holds ${capacity} states`,
      `legacy forces a full collection every ${gcPeriodMs / 1000} s (in the story: two minutes); ` +
        'gates and holds are scaled to seconds',
      `the first ${warmUpMs / 1000} s of each act are left out of the table; the row of forced ` +
        'collections is the flawed build of act 1',
    ],
    outcome: status.rollout.phase === 'complete' ? 'pass' : 'inconclusive',
    traffic: status.traffic,
    gates: status.gates,
    clusters: status.clusters,
    events,
    tables: [storyTable(runs, contrast), flawsTable(flaws)],
    latency: measured.map(({ series }) => series),
    warnings: [],
  };
}

/** What act one found: of the flawed build, whose evidence the climb does not count. */
function flawsTable(clusters: readonly ClusterRow[]): ReportTable {
  return {
    title: 'Found in the shadow, at 0 %: the flaws of the first build',
    columns: ['kind', 'times', 'path', 'route', 'legacy', 'candidate'],
    rows: clusters.map(({ kind, count, path, route, examples }) => [
      kind,
      String(count),
      path,
      route,
      examples[0]?.legacy ?? '',
      examples[0]?.candidate ?? '',
    ]),
    notes: ['No client saw them: legacy answered every request of this act.'],
  };
}

function machine(): string {
  const [cpu] = cpus();
  const memory = formatBytes(totalmem());
  const cores = `${cpus().length} × ${cpu?.model ?? 'unknown processor'}`;
  return `${cores}, ${memory}, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

function conclude(screen: Screen, report: Report, status: Status, flags: DemoFlags): void {
  screen.heading(
    status.rollout.phase === 'complete'
      ? 'Complete: 100 %'
      : `Ended at ${status.rollout.percent} %`,
  );
  const options = { color: process.stdout.isTTY, widthMax: screen.width };
  const [story] = report.tables;
  if (story !== undefined) screen.say(renderReportTable(story, options));
  const path = resolve(flags.report);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, renderReport(report, 'html'));
  screen.say(`\nReport: ${relative(process.cwd(), path)}`);
}

/** The rollout through its control API, as every other command sees it. */
function rolloutAt(storePath: string): Rollout {
  const control = findControl(storePath);
  return {
    status: () => call(control, 'GET', '/v1/status'),
    async events(afterId) {
      type Events = { readonly events: readonly RolloutEvent[] };
      return (await call<Events>(control, 'GET', `/v1/events?after=${afterId}`)).events;
    },
    async seconds(sinceMs) {
      type Seconds = { readonly seconds: readonly PairedSecond[] };
      return (await call<Seconds>(control, 'GET', `/v1/seconds?since=${sinceMs}`)).seconds;
    },
    begin: (label, reason) => call(control, 'POST', '/v1/begin', { label, reason }),
  };
}
