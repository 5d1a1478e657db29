/**
 * What is said of a gate, wherever it is shown: one sentence with the measured value, the limit,
 * how much was looked at, where the value lies, what the answer may err by, and what is missing.
 * In: an answer in parts. Out: a result whose words are made when somebody reads them.
 */
import type { Interval } from '../kit/e-process.ts';
import { messageOf } from '../kit/errors.ts';
import { formatAbout } from '../kit/units.ts';
import type { GateResult } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { GateAnswer, GateWords, Missing } from './gate-judge.ts';

/** What a gate may err by. */
export interface ErrorRates {
  /** Chance of a wrong pass; null where a pass proves nothing. */
  readonly alpha: number | null;
  readonly harmAlpha: number;
}

/** The answer as status and reports show it; `rates` null: a guard, which states none. */
export function gateResult(
  gate: GateSettings,
  answer: GateAnswer,
  rates: ErrorRates | null,
): GateResult {
  let made: GateWords | null = null;
  const words = (): GateWords => (made ??= told(answer));
  return {
    gate: gate.gate,
    verdict: answer.verdict,
    get measured() {
      return answer.measured;
    },
    get interval() {
      return boundsOf(words().interval);
    },
    limit: gate.limit,
    samples: answer.samples,
    ...(rates !== null && { alpha: gate.alpha, harmAlpha: rates.harmAlpha }),
    get missing() {
      return missingText(words().missing);
    },
    get expectedInMs() {
      return words().missing?.expectedMs ?? undefined;
    },
    get brief() {
      return briefOf(gate, answer, words());
    },
    get sentence() {
      const all = words();
      const parts = [
        briefOf(gate, answer, all),
        rates === null ? '' : intervalText(gate, answer, all),
        all.beside ?? '',
        ratesText(answer, rates),
        missingText(all.missing) ?? '',
      ];
      return parts.filter((part) => part !== '').join('; ');
    },
    onFail: gate.onFail,
  };
}

/** A bug in words alone keeps neither a verdict nor the state of a rollout from being seen. */
function told(answer: GateAnswer): GateWords {
  try {
    return answer.tell();
  } catch (error) {
    return {
      name: 'measured',
      format: String,
      samples: `: ${answer.samples} samples`,
      interval: null,
      notes: [`, and a bug of crossfade hides the rest: ${messageOf(error)}`],
      missing: null,
    };
  }
}

/** `p99 ratio 1.31 > 1.1 over 288 windows`: measured value, limit, samples. */
function briefOf(gate: GateSettings, { verdict, measured }: GateAnswer, words: GateWords): string {
  const { name, format, samples, notes, route = gate.route } = words;
  const where = route === null ? '' : ` on ${route}`;
  const rest = notes.join('');
  if (measured === null || gate.comparator === '=') {
    const limit = gate.comparator === '=' ? 'none' : format(gate.limit);
    return `${name}${where}${samples}, limit ${limit}${rest}`;
  }
  const open = verdict === 'inconclusive' ? ', not proved yet' : '';
  const sign = measured > gate.limit ? '>' : measured < gate.limit ? '<' : '=';
  const value = `${format(measured)} ${sign} ${format(gate.limit)}`;
  return `${name} ${value}${where}${samples}${open}${rest}`;
}

function intervalText(
  gate: GateSettings,
  { measured, verdict }: GateAnswer,
  { interval, format }: GateWords,
): string {
  const { lower, upper } = interval ?? { lower: 0, upper: Infinity };
  const sure = `with ${percent(1 - gate.alpha)} certainty`;
  const isRate = /%/.test(gate.gate);
  const hasUpper = Number.isFinite(upper) && !(isRate && upper >= 1);
  if (lower <= 0 && !hasUpper) {
    // What is proved by another test than the interval's is bounded: by the limit.
    return measured === null || verdict !== 'inconclusive' ? '' : 'too little yet to bound it';
  }
  if (lower <= 0) return `${sure} at most ${format(upper)}`;
  if (!hasUpper) return `${sure} at least ${format(lower)}`;
  return `${sure} between ${format(lower)} and ${format(upper)}`;
}

function ratesText({ verdict }: GateAnswer, rates: ErrorRates | null): string {
  if (rates === null) return 'a guard, which states no chance of error';
  const pass =
    rates.alpha === null
      ? 'only harm is looked for'
      : `chance of a wrong pass ${percent(rates.alpha)}`;
  const fail = `chance of a wrong failure ${percent(rates.harmAlpha)}`;
  if (verdict === 'fail') return fail;
  if (rates.alpha === null) return `${pass}, ${fail}`;
  return verdict === 'pass' ? pass : `${pass}, ${fail.replace('chance ', '')}`;
}

function missingText(missing: Missing | null): string | undefined {
  if (missing === null) return undefined;
  const { what, expectedMs } = missing;
  if (expectedMs === null) return what;
  return `${what}, expected in about ${formatAbout(expectedMs)} at this rate`;
}

/** `95 %`, `0.143 %`. */
function percent(chance: number): string {
  return `${Number((100 * chance).toPrecision(3))} %`;
}

/** Null stands for no bound: JSON has no Infinity. */
function boundsOf(interval: Interval | null): readonly [number, number | null] | undefined {
  if (interval === null) return undefined;
  return [interval.lower, Number.isFinite(interval.upper) ? interval.upper : null];
}
