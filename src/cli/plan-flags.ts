/** What `plan` and `plan simulate` are both told, and what they both refuse. */
import { CrossfadeError } from '../kit/errors.ts';
import type { Settings } from '../model/settings.ts';
import type { Outlook } from '../plan/gate-plan.ts';
import { type Plan, type PlanProblem, subjectOf } from '../plan/plan.ts';
import { ASSUMED_TRAFFIC, type PlanTraffic, trafficOf } from '../plan/traffic.ts';
import { readRecording } from '../recording/reader.ts';
import { visible } from '../report/escape.ts';

export interface PlanFlags {
  readonly config: string;
  readonly rps: string;
  readonly from?: string;
  readonly json?: boolean;
}

const RPS_MAX = 10_000_000;

/** The traffic of a recording; without one, what is assumed. */
export async function trafficFrom(
  from: string | undefined,
  settings: Settings,
): Promise<PlanTraffic> {
  if (from === undefined) return ASSUMED_TRAFFIC;
  const reader = readRecording(from);
  const traffic = await trafficOf(reader, settings);
  const { warning } = reader.summary;
  if (warning !== null) process.stderr.write(`crossfade: warning: ${warning}\n`);
  if (traffic.requests > 0) return traffic;
  throw new CrossfadeError('recording-empty', `the recording ${from} holds no request`, {
    hint: 'record some traffic, or leave --from out',
  });
}

/** What a run with the configuration as it is would see of the gate. */
const OUTLOOKS: Readonly<Record<Outlook, string>> = {
  never: 'cannot pass',
  late: 'would pass only after the hold, and the step would wait for it',
  thin: 'may pass, but on too little',
  unforeseen: 'is not foreseen to pass',
};

/** Every problem by name: what becomes of it as it is, why, and how to mend it. */
export function unmet(
  { ratePerSec }: Plan,
  problems: readonly PlanProblem[],
  hint: string,
): CrossfadeError {
  const lines = problems.map((problem) => {
    const { step, outlook, why, mend } = problem;
    const subject = `${visible(subjectOf(problem))} ${OUTLOOKS[outlook]}`;
    return `\n  at ${step} %, ${subject}: ${why}. Mend: ${mend}`;
  });
  const isOfGates = problems.every(({ gate }) => gate !== null);
  const each = isOfGates ? 'gate' : 'condition';
  const gates = problems.length === 1 ? `1 ${each} is` : `${problems.length} ${each}s are`;
  return new CrossfadeError(
    'gates-unmet',
    `${gates} refused at ${ratePerSec} requests a second:${lines.join('')}`,
    { hint },
  );
}

/** Requests a second as they are given. */
export function rateOf(text: string): number {
  const rate = /^\d{1,8}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (rate > 0 && rate <= RPS_MAX) return rate;
  throw new CrossfadeError('bad-option', `--rps is '${text}'`, {
    hint: `it must be requests a second, above 0 and at most ${RPS_MAX}`,
  });
}
