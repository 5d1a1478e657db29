/** The parts of the HTML report that show what was compared and where it differs. */
import type { ClusterExample, ClusterRow } from '../model/cluster.ts';
import type { TrafficCounts } from '../model/window.ts';
import { changeText, clusterFacts } from './cluster-words.ts';
import { escapeHtml } from './escape.ts';
import type { Report } from './report.ts';
import {
  ABSENT,
  clientFacts,
  type CountPart,
  formatCount,
  type IdentityLine,
  identityLines,
  KIND_MEANINGS,
  plural,
} from './wording.ts';

/** Where the answers differ: each cluster with its kind, place, count and examples. */
export function clustersSection({ clusters, traffic }: Report): string {
  if (clusters.length === 0) {
    const none = '<p class="quiet">None: no compared pair differs.</p>';
    return traffic === null || traffic.compared === 0
      ? ''
      : `<section><h2>Where the answers differ</h2>${none}</section>`;
  }
  const words =
    `${plural(clusters.length, 'cause')}, most frequent first. A path is a JSON Pointer; ` +
    '<code>*</code> is any element of a list, any id, any one of many.';
  const sorted = clusters.toSorted((a, b) => b.count - a.count);
  return (
    `<section><h2>Where the answers differ</h2><p class="quiet">${words}</p>` +
    `${sorted.map(clusterHtml).join('')}</section>`
  );
}

function clusterHtml(cluster: ClusterRow): string {
  const { route, path, kind, count, examples } = cluster;
  const change = changeText(cluster);
  const facts = clusterFacts(cluster).map((fact) => `<div>${escapeHtml(fact)}</div>`);
  return (
    '<article class="cluster"><div class="top">' +
    `<h3><span class="pill fail">${escapeHtml(kind)}</span></h3>` +
    (change && `<span>${escapeHtml(change)}</span>`) +
    `<code>${escapeHtml(path)}</code><span class="quiet">${KIND_MEANINGS[kind]}</span>` +
    `<span class="times">${plural(count, 'time')}</span>` +
    `<div class="route quiet"><code>${escapeHtml(route)}</code>${facts.join('')}</div></div>` +
    `${examples.map(exampleHtml).join('')}</article>`
  );
}

function exampleHtml({ request, path, legacy, candidate }: ClusterExample): string {
  const [legacyHtml, candidateHtml] = highlight(legacy, candidate);
  return (
    `<div class="example"><div class="where"><code>${escapeHtml(request)}</code> at ` +
    `<code>${escapeHtml(path)}</code></div><dl class="sides">` +
    `<div><dt>legacy</dt><dd>${legacyHtml}</dd></div>` +
    `<div><dt>candidate</dt><dd>${candidateHtml}</dd></div></dl></div>`
  );
}

/** Both values escaped, what lies between their common start and common end marked. */
function highlight(legacy: string | null, candidate: string | null): [string, string] {
  if (legacy === null || candidate === null) return [valueHtml(legacy), valueHtml(candidate)];
  const a = Array.from(legacy);
  const b = Array.from(candidate);
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [markBetween(a, start, end), markBetween(b, start, end)];
}

function valueHtml(value: string | null): string {
  return value === null ? `<span class="quiet">${ABSENT}</span>` : escapeHtml(value);
}

function markBetween(chars: readonly string[], start: number, end: number): string {
  const stop = chars.length - end;
  const text = (from: number, to: number): string => escapeHtml(chars.slice(from, to).join(''));
  const middle = text(start, stop);
  return text(0, start) + (middle && `<mark>${middle}</mark>`) + text(stop, chars.length);
}

/** Where every request went: the identity, each line as a bar and as a sum that is checked. */
export function trafficSection(traffic: TrafficCounts | null): string {
  if (traffic === null) return '';
  const facts = clientFacts(traffic).map(
    ({ name, value, meaning }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th><td class="num">${value}</td>` +
      `<td class="quiet">${escapeHtml(meaning)}</td></tr>`,
  );
  return (
    `<section><h2>Where every request went</h2>${identityLines(traffic).map(sumHtml).join('')}` +
    `<div class="clients scroll"><table><tbody>${facts.join('')}</tbody></table></div></section>`
  );
}

function sumHtml(line: IdentityLine): string {
  const { total, parts, offBy } = line;
  const holds =
    offBy === 0
      ? '<span class="holds">holds exactly</span>'
      : `<span class="holds not">does not hold: off by ${formatCount(offBy)}</span>`;
  return (
    `<div class="sum"><div><b>${total.name} ${formatCount(total.count)}</b></div>` +
    `${barHtml(parts)}<div class="words">= ${parts.map(partHtml).join(' + ')} ` +
    `&nbsp; ${holds}</div></div>`
  );
}

function partHtml({ name, count, reasons }: CountPart): string {
  const why = reasons.map(([reason, n]) => `${escapeHtml(reason)} ${formatCount(n)}`).join(', ');
  return (
    `<span class="swatch ${partClass(name)}"></span>${name} <b>${formatCount(count)}</b>` +
    (why && ` <span class="quiet">(${why})</span>`)
  );
}

const BAR_WIDTH = 1000;
/** What is there is seen, however small its share. */
const PART_WIDTH_MIN = 4;

/** The parts side by side, as wide as their shares. */
function barHtml(parts: readonly CountPart[]): string {
  const shown = parts.filter(({ count }) => count > 0);
  const sum = shown.reduce((all, { count }) => all + count, 0);
  const widths = shown.map(({ count }) => Math.max(PART_WIDTH_MIN, (count / sum) * BAR_WIDTH));
  const scale =
    BAR_WIDTH /
    Math.max(
      1,
      widths.reduce((all, width) => all + width, 0),
    );
  let left = 0;
  const rects = shown.map(({ name, count }, i) => {
    const width = widths[i]! * scale;
    const where = `x="${left.toFixed(1)}" width="${width.toFixed(1)}" height="14"`;
    left += width;
    const tip = `<title>${name} ${formatCount(count)}</title>`;
    return `<rect class="${partClass(name)}" ${where}>${tip}</rect>`;
  });
  return (
    `<svg class="bar" viewBox="0 0 ${BAR_WIDTH} 14" preserveAspectRatio="none" ` +
    `aria-hidden="true">${rects.join('')}</svg>`
  );
}

function partClass(name: string): string {
  return `p-${name.replaceAll(' ', '-')}`;
}
