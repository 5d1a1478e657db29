import { basename } from 'node:path';
import { constants } from 'node:os';
import { Command } from 'commander';
import { mergeRecordings } from '../../../replay/merged.ts';
import { replayRecording, type Replayed } from '../../../replay/replay.ts';
import { type Pace, parseRate, parseSpeed } from '../../../replay/schedule.ts';
import { GATE_DEFAULTS, parseGate } from '../../config/gates.ts';
import { loadSettings, settingsFromUrls } from '../../config/load.ts';
import { systemClock } from '../../kit/clock.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import type { GateMetric, GateSettings, Settings } from '../../model/settings.ts';
import type { TrafficCounts } from '../../model/window.ts';
import { readRecording } from '../../recording/reader.ts';
import { REPORT_FORMATS } from '../../report/render.ts';
import {
  OUTCOME_EXIT_CODES,
  printReport,
  reportFormat,
  type ReportFlags,
} from '../report-output.ts';

interface ReplayFlags extends ReportFlags {
  readonly legacy?: string;
  readonly candidate?: string;
  readonly config?: string;
  readonly speed?: string;
  readonly rate?: string;
  readonly gate: readonly string[];
}

/** `crossfade replay FILE`: sends a recording to both sides, compares, exits by the verdict. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('send a recording to both sides, open loop and in order per key, and compare')
    .argument('<files...>', 'recording, as `record` or `generate` writes it; or its parts')
    .option('--legacy <url>', 'legacy side; from the configuration when not given')
    .option('--candidate <url>', 'candidate side; from the configuration when not given')
    .option('--speed <factor>', 'times the original speed, such as 2x or 0.5x (default 1x)')
    .option('--rate <rate>', 'an even rate instead, such as 500/s')
    .option('-c, --config <file>', 'routes, rules, key and gates; else as the recording says')
    .option('--gate <gate>', 'judge this as well, such as "latency.p99.ratio < 1.1"', append, [])
    .option('--format <format>', `${REPORT_FORMATS.join(', ')} (default terminal)`)
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write the report there; the terminal gets its own')
    .addHelpText('after', HELP)
    .action((files: string[], flags: ReplayFlags) => replay(files, flags));
}

const HELP = `
Without -c it passes when something was compared, nothing differs, the candidate never
fails alone, and every --gate passes; with -c the gates of the file take their place.
A generated recording expects both sides to begin empty.

Exit codes: 0 pass, 3 a gate failed, 4 inconclusive, 5 a side cannot be reached.`;

function append(value: string, values: readonly string[]): string[] {
  return [...values, value];
}

async function replay(files: readonly string[], flags: ReplayFlags): Promise<void> {
  const format = reportFormat(flags);
  const pace = paceOf(flags);
  const config = flags.config === undefined ? null : loadSettings(flags.config);
  const gates = gatesOf(config, flags.gate);
  const urls = urlsOf(config, flags);
  const source = mergeRecordings(files.map((file) => readRecording(file)));
  const stop = new AbortController();
  const signalled = onFirstSignal(() => stop.abort());
  let replayed: Replayed;
  try {
    replayed = await replayRecording(source, {
      name: files.map((file) => basename(file)).join(', '),
      urls,
      pace,
      routes: config?.routes ?? null,
      key: config?.key ?? null,
      compare: config?.compare ?? [],
      mustMatch: config === null,
      gates,
      clock: systemClock,
      signal: stop.signal,
      ...(process.stderr.isTTY ? { onProgress: showProgress } : {}),
    });
  } finally {
    signalled.forget();
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
  const { report, lost } = replayed;
  printReport(report, format, flags.out);
  process.exitCode = signalled.exitCode() ?? OUTCOME_EXIT_CODES[report.outcome];
  if (lost !== null) throw lost;
}

function paceOf({ speed, rate }: ReplayFlags): Pace {
  if (speed !== undefined && rate !== undefined) {
    throw new CrossfadeError('bad-option', '--speed and --rate were both given', {
      hint: 'a replay keeps the recorded gaps (--speed) or has an even rate (--rate)',
    });
  }
  if (rate !== undefined) return parseRate(rate);
  return speed === undefined ? { kind: 'speed', factor: 1 } : parseSpeed(speed);
}

function urlsOf(
  config: Settings | null,
  flags: ReplayFlags,
): { readonly legacy: string; readonly candidate: string } {
  const legacy = flags.legacy ?? config?.legacy.url;
  const candidate = flags.candidate ?? config?.candidate.url;
  if (legacy === undefined || candidate === undefined) {
    const missing = legacy === undefined ? '--legacy' : '--candidate';
    throw new CrossfadeError('bad-option', `${missing} is missing`, {
      hint: 'give --legacy URL and --candidate URL, or -c FILE that names both',
    });
  }
  // Checked as a configuration's are.
  const settings = settingsFromUrls({ legacy, candidate });
  return { legacy: settings.legacy.url, candidate: settings.candidate.url };
}

/** Needs both processes' own figures over time, which a replay does not gather. */
const NOT_JUDGED: ReadonlySet<GateMetric> = new Set(['memory.ratio', 'cpu.ratio']);

function gatesOf(config: Settings | null, texts: readonly string[]): GateSettings[] {
  const configured = (config?.gates ?? []).filter((gate) => !NOT_JUDGED.has(gate.metric));
  return [...configured, ...texts.map(gateOf)];
}

function gateOf(text: string): GateSettings {
  const refuse = (message: string): never => {
    throw new CrossfadeError('bad-gate', `--gate: ${message}`);
  };
  const parsed = parseGate(text, refuse) ?? refuse(`cannot read "${text}"`);
  if (NOT_JUDGED.has(parsed.metric)) refuse(`a replay cannot judge ${parsed.metric}`);
  return { ...parsed, ...GATE_DEFAULTS, route: null };
}

/** The exit code of the first signal, which ends the replay in order; a second one ends it now. */
function onFirstSignal(run: () => void): {
  exitCode(): number | undefined;
  forget(): void;
} {
  let exitCode: number | undefined;
  const receive = (signal: NodeJS.Signals): void => {
    exitCode = 128 + constants.signals[signal];
    forget();
    run();
  };
  const forget = (): void => {
    process.off('SIGINT', receive);
    process.off('SIGTERM', receive);
  };
  process.on('SIGINT', receive);
  process.on('SIGTERM', receive);
  return { exitCode: () => exitCode, forget };
}

function showProgress({ received, compared, mismatched }: TrafficCounts): void {
  const counts = [received, compared, mismatched].map((count) => count.toLocaleString('en-US'));
  const [sent, judged, wrong] = counts;
  process.stderr.write(`\r\x1b[K${sent} sent, ${judged} compared, ${wrong} mismatched`);
}
