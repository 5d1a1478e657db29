import { formatShare } from '../kit/units.ts';
import type { NoiseStatus, NoiseVerdict, RateBounds } from '../model/noise.ts';
import type { ReportTable } from './report.ts';
import { formatCount, plural } from './wording.ts';

type Path = NoiseStatus['paths'][number];
type Unordered = NoiseStatus['arrays'][number];

const WORDS: Readonly<Record<NoiseVerdict, string>> = {
  'candidate-higher': 'candidate higher',
  noise: 'noise',
  learning: 'learning',
  unproven: 'counted',
};

/**
 * The places where legacy differs from itself, with both rates and their intervals, the verdict
 * and how far the routes are known; null where nothing was learned.
 */
export function noiseTable(noise: NoiseStatus): ReportTable | null {
  if (noise.routes.every(({ noisePairs }) => noisePairs === 0)) return null;
  return {
    title: 'Noise',
    columns: ['verdict', 'what differs', 'legacy from itself', 'candidate from legacy', 'route'],
    rows: [...noise.arrays.map(arrayRow), ...noise.paths.map(pathRow)],
    notes: [...learningNotes(noise), ...meanings(noise)],
  };
}

function pathRow(path: Path): string[] {
  const { kind, route, verdict } = path;
  return [
    WORDS[verdict],
    `${kind} ${path.path}`,
    rateText(path.noise, path.noisePairs),
    rateText(path.judged, path.judgedPairs),
    route,
  ];
}

function arrayRow(array: Unordered): string[] {
  const { by, route, verdict } = array;
  return [
    verdict === 'noise' ? 'no order' : WORDS[verdict],
    `array-order ${array.path}, elements known by ${by.length === 0 ? 'value' : by.join(', ')}`,
    rateText(array.noise, array.noisePairs),
    rateText(array.judged, array.judgedPairs),
    route,
  ];
}

/** `5.02 % (4.1 % to 6 %) of 20,000`: the share of pairs that differ, and its interval. */
function rateText({ ratio, lower, upper }: RateBounds, pairs: number): string {
  if (pairs === 0) return 'no pairs';
  const bounds = `${rounded(lower)} to ${rounded(upper)}`;
  return `${rounded(ratio)} (${bounds}) of ${formatCount(pairs)}`;
}

function rounded(ratio: number): string {
  return formatShare(Number(ratio.toPrecision(3)));
}

function learningNotes({ routes }: NoiseStatus): string[] {
  return routes
    .filter(({ isLearning, heldBack }) => isLearning || heldBack > 0)
    .map(({ route, isLearning, heldBack, noisePairs, judgedPairs }) => {
      const state = isLearning ? 'is still learned' : 'is learned';
      return (
        `${route} ${state}: ${plural(noisePairs, 'pair')} of legacy with itself, ` +
        `${formatCount(judgedPairs)} with the candidate; ${formatCount(heldBack)} held back as ` +
        'not comparable (learning).'
      );
    });
}

function meanings({ paths, arrays }: NoiseStatus): string[] {
  if (paths.length + arrays.length === 0) return [];
  return [
    'Intervals hold at 95 % each, however often one looks. Noise is taken out of the comparison; ' +
      'what is counted, or higher on the candidate, is not.',
  ];
}
