import { formatAbout, formatBytes, formatLatency, formatShare } from '../kit/units.ts';
import type { ClusterRow } from '../model/cluster.ts';
import type {
  GateResult,
  MirrorStatus,
  Phase,
  Status,
  TaintedKeyStatus,
} from '../model/rollout.ts';
import type { TrafficCounts } from '../model/window.ts';
import { changeText, clusterFacts } from '../report/cluster-words.ts';
import { visible } from '../report/escape.ts';
import { noiseSection } from './noise-view.ts';
import { rulesSection } from './rules-view.ts';
import { gateList } from '../report/gate-list.ts';
import { paint, type TextStyle } from '../report/table.ts';
import { plural } from '../report/wording.ts';
import { renderRaces } from './races-view.ts';

const PHASE_STYLE: Readonly<Record<Phase, TextStyle>> = {
  climbing: 'green',
  held: 'yellow',
  'rolled-back': 'red',
  complete: 'green',
};
const WIDTH = 100;
const EVENTS_SHOWN = 8;
const TAINTED_SHOWN = 8;
const CLUSTERS_SHOWN = 20;

/** A status the way a person reads it: where it stands, why, what it waits for, the evidence. */
export function renderStatus(status: Status, color: boolean): string {
  const sections = [
    headOf(status, color),
    trafficOf(status.traffic),
    renderRaces(status.traffic, status.races),
    mirrorOf(status.mirror),
    gatesOf(status.gates, color),
    unprovenOf(status),
    clustersOf(status.clusters),
    noiseSection(status.noise, color),
    rulesSection(status.rules),
    taintedOf(status.tainted),
    eventsOf(status),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function headOf(status: Status, color: boolean): string {
  const { rollout, workers, legacyReachable, candidateReachable, warnings } = status;
  const phase = paint(rollout.phase, PHASE_STYLE[rollout.phase], color);
  const ladder = rollout.steps
    .map((percent, step) => (step === rollout.step ? `[${percent} %]` : `${percent} %`))
    .join(' → ');
  return [
    `${paint(visible(rollout.label), 'bold', color)}  ${phase} at ${rollout.percent} %   ${ladder}`,
    `why: ${visible(rollout.reason)}`,
    ...rollout.waitingFor.map((reason) => `waiting for: ${reason}`),
    `workers: ${workers}, revision ${rollout.revision}`,
    ...resumedOf(status),
    ...(legacyReachable ? [] : ['warning: legacy cannot be reached']),
    ...(candidateReachable ? [] : [`warning: candidate cannot be reached${onIt(rollout.percent)}`]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}

/** What became of the evidence at the newest start. */
function resumedOf({ resumed }: Status): readonly string[] {
  if (resumed === undefined) return [];
  const until =
    resumed.untilMs === null
      ? ''
      : ` up to ${new Date(resumed.untilMs).toISOString().slice(0, 19)}Z`;
  const same = resumed.isSame
    ? 'says what it said before, to the byte'
    : 'does not say what it said before: another version, or other settings';
  return [`restarted: the stored evidence${until} was judged anew, and ${same}`];
}

function onIt(percent: number): string {
  return percent === 0 ? '' : `, and ${percent} % of the keys are on it`;
}

/** The identity of the counts, spelled out: each line adds up to the number it begins with. */
function trafficOf(traffic: TrafficCounts): string {
  const { received, mirrored, inFlight, compared, matched, mismatched, ignored } = traffic;
  const lines = [
    `received ${received} = mirrored ${mirrored}${sumOf('skipped', traffic.skipped)}` +
      sumOf('dropped', traffic.dropped),
    `mirrored ${mirrored} = compared ${compared}` +
      `${sumOf('not comparable', traffic.notComparable)} + in flight ${inFlight}`,
    `compared ${compared} = matched ${matched} + mismatched ${mismatched} + ignored ${ignored}` +
      (compared === 0 ? '' : ` (mismatched: ${formatShare(mismatched / compared)})`),
    `rescued ${traffic.rescued}${rescueCost(traffic)}; failed for clients: ` +
      `${traffic.failedSafe} safe, ${traffic.failedWrites} writes`,
    `without a key ${shareText(traffic.keyless, received)}; side chosen by testers ` +
      `${traffic.overridden}; refused at the port ${sumText(traffic.rejected)}`,
    `tainted keys ${traffic.taintedKeys}${reasonsOf(traffic.taintedBy)}; journal of missed ` +
      `writes: ${traffic.journalEntries} waiting, ${formatBytes(traffic.journalBytes)}`,
  ];
  return `Traffic\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** What a person should know of mirroring: why it is off, how much there is, whom it harms. */
function mirrorOf(mirror: MirrorStatus): string {
  const { percent, maxRatePerSec, pause, pausedBy, harm, outstanding, heldBytes } = mirror;
  const rate = maxRatePerSec === null ? '' : `, at most ${maxRatePerSec} a second`;
  const lines = [
    pause === '' ? `${percent} % of the keys${rate}` : `paused by ${pausedBy}: ${visible(pause)}`,
    `${outstanding} copies under way, ${formatBytes(heldBytes)} held for them`,
    ...(harm === null || pausedBy === 'auto-pause' ? [] : [harm.sentence]),
  ];
  return `Mirror\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** The keys that only a read can show to be sound again, the first of them. */
function taintedOf(keys: readonly TaintedKeyStatus[]): string {
  if (keys.length === 0) return '';
  const lines = keys
    .slice(0, TAINTED_SHOWN)
    .map(({ key, reason, side }) => `  ${visible(key)}: ${reason}, ${side} has every write`);
  const more = keys.length > TAINTED_SHOWN ? ['  …'] : [];
  return `Tainted until both sides are seen to agree\n${[...lines, ...more].join('\n')}`;
}

function sumOf(name: string, counts: Readonly<Partial<Record<string, number>>>): string {
  return ` + ${name} ${sumText(counts)}`;
}

function sumText(counts: Readonly<Partial<Record<string, number>>>): string {
  const total = Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return `${total}${reasonsOf(counts)}`;
}

function shareText(count: number, of: number): string {
  return of === 0 ? `${count}` : `${count} (${formatShare(count / of)})`;
}

/** What rescuing took: of legacy, and of the clients' time. */
function rescueCost({ rescued, rescueAsked, rescueWaitUs }: TrafficCounts): string {
  if (rescued === 0 && rescueAsked === 0) return '';
  const wait = formatLatency(rescued === 0 ? 0 : rescueWaitUs / rescued);
  return ` (clients waited ${wait} on average; ${rescueAsked} asked of legacy anew)`;
}

function reasonsOf(counts: Readonly<Partial<Record<string, number>>>): string {
  const entries = Object.entries(counts).filter(([, count]) => (count ?? 0) > 0);
  const reasons = entries.map(([reason, count]) => `${reason} ${count}`).join(', ');
  return reasons === '' ? '' : ` (${reasons})`;
}

function gatesOf(gates: readonly GateResult[], color: boolean): string {
  if (gates.length === 0) return 'Gates\n  none are configured';
  return `Gates\n${gateList(gates, { color, width: WIDTH })}`;
}

/** Routes of which too little was compared, and who accepts that. */
function unprovenOf({ unproven = [] }: Status): string {
  if (unproven.length === 0) return '';
  const lines = unproven.map((each) => {
    const { route, compared, mismatched, needed, expectedInMs, accepted } = each;
    const by =
      accepted === null
        ? '100 % is not reached without it'
        : `accepted by ${visible(accepted.owner)}: ${visible(accepted.reason)}`;
    const wrong = mismatched === 0 ? '' : `, ${mismatched} mismatched`;
    const rest =
      expectedInMs === undefined ? '' : `, the rest in about ${formatAbout(expectedInMs)}`;
    return `  ${visible(route)}: ${compared} of ${needed} pairs${wrong}${rest}; ${by}`;
  });
  return `Unproven routes\n${lines.join('\n')}`;
}

/** The most frequent causes, each with the oldest of its examples. */
function clustersOf(clusters: readonly ClusterRow[]): string {
  if (clusters.length === 0) return '';
  const lines = clusters.slice(0, CLUSTERS_SHOWN).flatMap(clusterLines);
  const more = clusters.length - CLUSTERS_SHOWN;
  const rest = more > 0 ? [`  … and ${plural(more, 'more', 'more')}: crossfade status --json`] : [];
  return `Divergences\n${[...lines, ...rest].join('\n')}`;
}

function clusterLines(cluster: ClusterRow): readonly string[] {
  const { route, path, kind, count, examples } = cluster;
  const change = changeText(cluster);
  return [
    `  ${kind}${change && ` (${visible(change)})`} at ${visible(path)} of ${visible(route)}: ` +
      plural(count, 'time'),
    ...clusterFacts(cluster).map((fact) => `    ${visible(fact)}`),
    ...examples
      .slice(0, 1)
      .map(
        ({ request, legacy, candidate, wasGone = false }) =>
          `    ${visible(request)}: legacy ${visible(legacy ?? 'nothing')}, ` +
          `candidate ${visible(candidate ?? 'nothing')}` +
          (wasGone ? '; gone when asked again, with no write beside it' : ''),
      ),
  ];
}

function eventsOf({ events }: Status): string {
  if (events.length === 0) return '';
  const newest = events.toSorted((a, b) => a.id - b.id).slice(-EVENTS_SHOWN);
  const lines = newest.map(
    ({ atMs, sentence }) => `  ${new Date(atMs).toISOString().slice(0, 19)}Z  ${visible(sentence)}`,
  );
  return `Events\n${lines.join('\n')}`;
}
