import { NONE_LEARNED, NONE_RULED, type Race } from '../model/race.ts';
import type { TrafficCounts } from '../model/window.ts';
import { visible } from '../report/escape.ts';

const RACES_SHOWN = 3;

/** What asking again has shown, and the newest races with their writes; '' where nobody asked. */
export function renderRaces(traffic: TrafficCounts, races: readonly Race[]): string {
  const { referee = NONE_RULED, noise = NONE_LEARNED } = traffic;
  const { asked, gone, goneWithoutWrite, stillThere } = referee;
  const unchecked = countsOf(referee.unchecked);
  const lines: string[] = [];
  if (asked > 0 || unchecked !== '') {
    const unexplained = goneWithoutWrite === 0 ? '' : ` (${goneWithoutWrite} with no write beside)`;
    lines.push(
      `${asked} reads that differed: ${gone} gone${unexplained}, ${stillThere} still there` +
        (unchecked === '' ? '' : `; not asked: ${unchecked}`),
    );
  }
  for (const { route, key, atMs, write } of races.slice(-RACES_SHOWN).toReversed()) {
    const agoMs = atMs - write.atMs;
    lines.push(
      `race at ${timeOf(atMs)}: ${visible(route)} of key ${key}, with ${visible(write.route)} ` +
        `(${visible(write.method)}, ${agoMs < 0 ? `${-agoMs} ms later` : `${agoMs} ms before`})`,
    );
  }
  if (noise.asked > 0) {
    const unused = countsOf(noise.unused);
    const why = unused === '' ? '' : `, unused: ${unused}`;
    lines.push(`legacy against itself: ${noise.learned} of ${noise.asked} reads${why}`);
  }
  if (lines.length === 0) return '';
  return `Asked again\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function timeOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

function countsOf(counts: Readonly<Partial<Record<string, number>>>): string {
  return Object.entries(counts)
    .filter(([, count]) => (count ?? 0) > 0)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}
