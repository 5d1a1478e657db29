/** What is wrong with a simulated candidate, and since when. */

/** `slower`: what is beyond the quantile takes so many times as long. */
export type Wrong =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'slower'; readonly quantile: number; readonly times: number }
  | { readonly kind: 'mismatches'; readonly rate: number }
  | { readonly kind: 'errors'; readonly rate: number }
  /** Pauses of its own, each so many times as long as those of the traffic. */
  | { readonly kind: 'pauses'; readonly times: number };

/** `live`: in its live answers alone; a number: at that percent and above, live or not. */
export type Since = 'start' | 'live' | number;

/** One kind of candidate that is simulated. */
export interface Injection {
  /** As written: `p99 x 1.25 @live`. */
  readonly name: string;
  readonly wrong: Wrong;
  readonly since: Since;
}

export const SOUND: Injection = {
  name: 'sound',
  wrong: { kind: 'nothing' },
  since: 'start',
};

/** What is simulated where nobody asks for anything else. */
export const INJECTED: readonly string[] = [
  'sound',
  'p99 x 1.25 @1%',
  'p99 x 1.25 @live',
  'mismatches 0.01%',
  'mismatches 0.01% @1%',
  'errors 0.1% @1%',
];

/** How one is written. */
export const INJECTION_FORMS =
  'sound, p99 x 1.25, mismatches 0.01%, errors 0.1% or pauses x 10, and behind it @live or @1%';

/** An injection as written; undefined where that is none. */
export function parseInjection(text: string): Injection | undefined {
  const [, what = '', since = ''] = /^\s*([^@]*?)\s*(?:@\s*(\S+))?\s*$/.exec(text) ?? [];
  const wrong = wrongOf(what);
  const begins = sinceOf(since);
  if (wrong === undefined || begins === undefined) return undefined;
  const name = `${what.replaceAll(/\s+/g, ' ')}${since === '' ? '' : ` @${since}`}`;
  return { name, wrong, since: begins };
}

const TIMES = String.raw`\s*[x×]\s*(\d{1,4}(?:\.\d{1,6})?)`;
const SLOWER = new RegExp(String.raw`^p(\d{1,2}(?:\.\d{1,4})?)${TIMES}$`);
const PAUSES = new RegExp(`^pauses${TIMES}$`);
const RATE = /^(mismatches|errors)\s+(\d{1,9}(?:\.\d{1,12})?(?:e-\d{1,2})?)\s*(%?)$/;

function wrongOf(text: string): Wrong | undefined {
  if (text === 'sound') return SOUND.wrong;
  const slower = SLOWER.exec(text);
  if (slower !== null) {
    const quantile = Number((Number(slower[1]) / 100).toPrecision(12));
    const times = Number(slower[2]);
    return quantile > 0 && times > 1 ? { kind: 'slower', quantile, times } : undefined;
  }
  const pauses = PAUSES.exec(text);
  if (pauses !== null) {
    const times = Number(pauses[1]);
    return times > 0 ? { kind: 'pauses', times } : undefined;
  }
  const [, kind, number = '', percent = ''] = RATE.exec(text) ?? [];
  const rate = Number(number) / (percent === '%' ? 100 : 1);
  if (!(rate > 0 && rate < 1)) return undefined;
  return kind === 'errors' ? { kind: 'errors', rate } : { kind: 'mismatches', rate };
}

function sinceOf(text: string): Since | undefined {
  if (text === '') return 'start';
  if (text === 'live') return 'live';
  const percent = Number(/^(\d{1,3}(?:\.\d{1,4})?)%?$/.exec(text)?.[1] ?? Number.NaN);
  return percent > 0 && percent <= 100 ? percent : undefined;
}

/** Whether a candidate answers so at a percent: live, or as shadow. */
export function isWrongAt({ wrong, since }: Injection, percent: number, isLive: boolean): boolean {
  if (wrong.kind === 'nothing') return false;
  if (since === 'start') return true;
  return since === 'live' ? isLive : percent >= since;
}

/** The candidate whose latencies it has at a percent: a sound one's, unless it is slower there. */
export function ofLatency(injection: Injection, percent: number): Injection {
  const { kind } = injection.wrong;
  if (kind === 'pauses') return isWrongAt(injection, percent, true) ? injection : SOUND;
  if (kind !== 'slower') return SOUND;
  const isLiveWrong = percent > 0 && isWrongAt(injection, percent, true);
  const isShadowWrong = percent < 100 && isWrongAt(injection, percent, false);
  return isLiveWrong || isShadowWrong ? injection : SOUND;
}
