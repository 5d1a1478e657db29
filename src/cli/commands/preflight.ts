import { Command } from 'commander';
import { loadSettings, settingsFromUrls } from '../../config/load.ts';
import { CrossfadeError, EXIT } from '../../kit/errors.ts';
import { parseDurationMs } from '../../kit/units.ts';
import type { RawHeaders } from '../../model/exchange.ts';
import type { Settings } from '../../model/settings.ts';
import { type Preflight, type PreflightOptions, runPreflight } from '../../preflight/preflight.ts';
import { SAMPLE_DEFAULT, takeSample } from '../../preflight/sample.ts';
import { differenceCount, preflightText } from '../../preflight/sentences.ts';
import { readRecording } from '../../recording/reader.ts';
import { visible } from '../../report/escape.ts';
import { hasColor, printJson } from '../output.ts';

interface PreflightFlags {
  readonly config?: string;
  readonly legacy?: string;
  readonly candidate?: string;
  readonly requests?: string;
  readonly sample: string;
  readonly header: readonly string[];
  readonly idle: string;
  readonly json?: boolean;
}

const ANSWER_MAX_MS = 10_000;
const IDLE_MAX_MS = 600_000;

/** `crossfade preflight`: what would change with the proxy in front, before it is there. */
export function preflightCommand(): Command {
  return new Command('preflight')
    .description('compare legacy directly, legacy through the proxy, and the candidate')
    .argument('[targets...]', 'paths to ask for, such as /v1/users/1; safe to GET')
    .option('-c, --config <file>', 'configuration (YAML)')
    .option('--legacy <url>', 'legacy side, instead of a configuration')
    .option('--candidate <url>', 'candidate side')
    .option('--requests <recording>', 'go by its requests; only the safe ones are sent')
    .option('--sample <number>', 'distinct requests to ask at most', String(SAMPLE_DEFAULT))
    .option('--header <field>', 'set on every request: "Authorization: Bearer …"', append, [])
    .option('--idle <time>', 'longest wait for a silent connection to be closed', '10s')
    .option('--json', 'print facts for machines')
    .addHelpText('after', HELP)
    .action((targets: string[], flags: PreflightFlags) => preflight(targets, flags));
}

const HELP = `
It starts a proxy of its own on a free port, with the mirror off, and sends requests to both
sides: only with safe methods, and none whose path says that it changes something. A recording
has its credentials replaced: give some with --header. Give paths that exist: it warns when legacy
answers none of them 2xx or 3xx, for then it has seen nothing of what clients ask for.

It finds out which requests are refused or missed, by the proxy or by one side. It does not compare
what the two sides answer (a value, an ETag, a bug): that is what shadowing is for, crossfade run.

Exit codes: 0 nothing differs, 3 something does, 5 a side cannot be reached.`;

function append(value: string, values: readonly string[]): string[] {
  return [...values, value];
}

async function preflight(targets: readonly string[], flags: PreflightFlags): Promise<void> {
  const settings = settingsOf(flags);
  const odd = targets.find((target) => !/^\/[\x21-\x7e]*$/.test(target));
  if (odd !== undefined) {
    throw new CrossfadeError('bad-option', `'${odd}' is no target`, {
      hint: 'it must begin with / and hold no spaces: /v1/users/1?full=1',
    });
  }
  const idleMaxMs = parseDurationMs(flags.idle) ?? 0;
  if (idleMaxMs === 0 || idleMaxMs > IDLE_MAX_MS) {
    throw new CrossfadeError('bad-option', `--idle is '${flags.idle}'`, {
      hint: 'it must be a duration such as 10s, up to 10m',
    });
  }
  const sample = await takeSample({
    settings,
    recording: flags.requests === undefined ? null : readRecording(flags.requests),
    targets,
    headers: flags.header.flatMap(fieldOf),
    max: sampleMax(flags.sample),
  });
  const timeoutMs = Math.min(settings.liveTimeoutMs, ANSWER_MAX_MS);
  const found = await checked({ settings, sample, targets, idleMaxMs, timeoutMs });
  const differences = differenceCount(found.findings);
  if (flags.json === true) printJson({ differences, ...found });
  else {
    const options = { color: hasColor(), widthMax: process.stdout.columns ?? 100 };
    process.stdout.write(preflightText(found, options));
  }
  process.exitCode = differences === 0 ? EXIT.pass : EXIT.gateFailed;
}

/** Says on a terminal what is being checked; the line is gone afterwards. */
async function checked(options: PreflightOptions): Promise<Preflight> {
  if (!process.stderr.isTTY) return runPreflight(options);
  try {
    return await runPreflight({ ...options, onProgress: showProgress });
  } finally {
    process.stderr.write('\r\x1b[K');
  }
}

function showProgress(what: string): void {
  process.stderr.write(`\r\x1b[Kchecking ${visible(what)}`);
}

function settingsOf({ config, legacy, candidate }: PreflightFlags): Settings {
  if (config !== undefined && (legacy !== undefined || candidate !== undefined)) {
    throw new CrossfadeError('usage', 'both -c and --legacy/--candidate are given', {
      hint: 'use the configuration alone, or the two URLs alone',
    });
  }
  if (config !== undefined) return loadSettings(config);
  if (legacy === undefined || candidate === undefined) {
    throw new CrossfadeError('usage', 'nothing to check: no configuration and no two URLs', {
      hint: 'crossfade preflight -c crossfade.yaml, or --legacy URL --candidate URL',
    });
  }
  return settingsFromUrls({ legacy, candidate });
}

function fieldOf(text: string): RawHeaders {
  const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e]*)$/.exec(text);
  if (match !== null) return [match[1]!, match[2]!];
  throw new CrossfadeError('bad-option', '--header is no header field', {
    hint: 'it must be "Name: value"',
  });
}

function sampleMax(text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new CrossfadeError('bad-option', `--sample is '${text}'`, {
    hint: 'it must be a whole number from 1 to 999999',
  });
}
