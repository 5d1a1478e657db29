/** What is said of a cluster in every view: in words, nothing of it escaped yet. */
import { formatShare } from '../kit/units.ts';
import type { ClusterRate, ClusterRow } from '../model/cluster.ts';
import { formatCount, NOTHING, plural, timeText } from './wording.ts';

/** What happened to the value: `number -> string`; '' where the kind says all. */
export function changeText({ change }: ClusterRow): string {
  return change === 'rewritten' || change === 'various' ? '' : change;
}

/** `3.9 % (3.6 % to 4.2 %)`: the share of the route's compared pairs, its interval at 95 %. */
export function rateText({ rate }: ClusterRow): string {
  return rate === null ? NOTHING : `${formatShare(rate.ratio)} (${intervalText(rate)})`;
}

function intervalText({ lower, upper }: ClusterRate): string {
  return `${formatShare(lower)} to ${formatShare(upper)}`;
}

/** `800 of 3,400`, both estimates. */
export function keysText({ keys }: ClusterRow): string {
  return keys === null ? NOTHING : `${formatCount(keys.touched)} of ${formatCount(keys.seen)}`;
}

function shareText({ ratio, compared }: ClusterRate): string {
  return `${formatShare(ratio)} of ${plural(compared, 'compared pair')}`;
}

/** How often and for whom, since when and until when, which side changed: a line each. */
export function clusterFacts(row: ClusterRow): readonly string[] {
  const { route, countedAs, rate, keys, firstSeenMs, lastSeenMs, sides } = row;
  const of = route === countedAs ? '' : ` of ${countedAs}`;
  const share = rate === null ? [] : [`${shareText(rate)}${of} (${intervalText(rate)} at 95 %)`];
  const touched = keys === null ? [] : [`about ${keysText(row)} keys (${formatShare(keys.ratio)})`];
  const often = [...share, ...touched].join('; ');
  return [
    ...(often === '' ? [] : [often]),
    `first seen ${timeText(firstSeenMs)}, last seen ${timeText(lastSeenMs)} UTC`,
    ...(sides === '' ? [] : [sides]),
  ];
}
