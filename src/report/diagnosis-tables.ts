/** The figures behind a diagnosis: what was found, by what evidence, and what speaks against it. */
import type { Attribution } from '../diagnose/attribution.ts';
import type { Diagnosis, InstanceDiagnosis } from '../diagnose/diagnosis.ts';
import { DIP_MIN } from '../diagnose/dip.ts';
import { chance } from '../diagnose/period.ts';
import type { SideDiagnosis } from '../diagnose/side.ts';
import { formatDuration, formatLatency, formatShare } from '../kit/units.ts';
import type { ReportTable } from './report.ts';
import { resourceTable } from './resource-table.ts';
import { formatCount, NOTHING, plural } from './wording.ts';

const CAUSES: Readonly<Record<SideDiagnosis['cause'], string>> = {
  none: 'none',
  collector: 'its collections',
  'runtime-timer': 'consistent with a 2-min runtime timer',
  clock: 'clock-locked job',
  shared: 'shared cause',
  periodic: 'periodic, unknown',
  irregular: 'no period, unknown',
};

/** All tables, the worst instance first. */
export function diagnosisTables({ instances, phases }: Diagnosis): readonly ReportTable[] {
  const [worst] = instances;
  if (worst === undefined) return [];
  const sides = [worst.legacy, worst.candidate];
  return [
    sidesTable(instances, phases),
    ...sides.flatMap((side) => periodTable(side) ?? []),
    ...sides.flatMap((side) => attributionTable(side) ?? []),
    curveTable(sides),
    screensTable(sides),
    ...(worst.resources === null ? [] : [resourceTable(worst.resources)]),
    harnessTable(instances),
  ];
}

/** What speaks against what the sentence says, of the worst instance; empty where nothing does. */
export function counterEvidence({ instances }: Diagnosis): readonly string[] {
  const worst = instances[0]!;
  return [worst.legacy, worst.candidate].flatMap((side) => againstSide(side));
}

function againstSide(side: SideDiagnosis): readonly string[] {
  const { period, methods, attribution, origin, events, sharedEvents } = side;
  const name = side.side;
  const against: string[] = [];
  if (attribution !== null) {
    const what = `${name} and its collections (${attribution.kind})`;
    against.push(...attribution.against.map((each) => `${what}: ${each}.`));
  }
  for (const { method, isAgreeing, evidence } of period === null ? [] : methods) {
    if (!isAgreeing) against.push(`${name}’s period is not found by ${method} (${evidence}).`);
  }
  if (side.lesserEvents > 0) {
    against.push(
      `${name} also has ${plural(side.lesserEvents, 'spike')} of below a tenth of that size.`,
    );
  }
  const strays = period === null ? 0 : events.length - period.chain.atMs.length;
  if (strays > 0) against.push(`Out of ${name}’s period: ${plural(strays, 'spike')}.`);
  if (sharedEvents > 0 && side.cause !== 'shared') {
    against.push(`Of ${name}’s, on the other side too: ${plural(sharedEvents, 'spike')}.`);
  }
  if (origin?.kind === 'undecided') {
    against.push(
      `${name}: a timer and a clock cannot be told apart yet after ${origin.cycles} periods.`,
    );
  }
  if (events.length > 0 && !side.hasFeed) {
    against.push(`Nothing is known of ${name}’s collections.`);
  }
  return against;
}

function sidesTable(
  instances: readonly InstanceDiagnosis[],
  phases: Diagnosis['phases'],
): ReportTable {
  const rows = instances.flatMap(({ instance, legacy, candidate }) =>
    [legacy, candidate].map((side) => [
      instance === '' ? side.side : `${side.side} (${instance})`,
      formatLatency(side.p50Us),
      formatLatency(side.p99Us),
      formatLatency(side.p999Us),
      formatLatency(side.calmP999Us),
      String(side.events.length),
      String(side.sharedEvents),
      side.pauseUs === null ? NOTHING : formatLatency(side.pauseUs),
      side.period === null ? NOTHING : seconds(side.period.periodMs),
      CAUSES[side.cause],
    ]),
  );
  const [{ legacy, fromMs, toMs }] = instances as [InstanceDiagnosis];
  const together =
    phases === null
      ? []
      : [
          phases === 'together'
            ? 'All instances have their spikes at the same moments.'
            : 'Each instance has its spikes at its own time.',
        ];
  return {
    title: 'Sides',
    columns: [
      'side',
      'p50',
      'p99',
      'p99.9',
      'p99.9 calm',
      'spikes',
      'on both',
      'pause',
      'period',
      'cause',
    ],
    rows,
    notes: [
      `${formatCount(legacy.answers)} pairs in ${formatCount(legacy.seconds)} seconds of ` +
        `${((toMs - fromMs) / 60_000).toFixed(1)} min. A pause is how long its longest request ` +
        'waited, at the median spike; calm: the seconds without a spike.',
      ...together,
    ],
  };
}

function periodTable(found: SideDiagnosis): ReportTable | null {
  const { side, methods } = found;
  if (methods.length === 0) return null;
  const rows = methods.map(({ method, periodMs, isAgreeing, evidence }) => [
    method,
    periodMs === null ? NOTHING : seconds(periodMs),
    isAgreeing ? 'agrees' : 'does not',
    evidence,
  ]);
  return {
    title: `The period of ${side}’s spikes`,
    columns: ['method', 'period', 'agreement', 'evidence'],
    rows,
    notes: periodNotes(found),
  };
}

function periodNotes({ period, origin }: SideDiagnosis): readonly string[] {
  if (period === null) return ['No two methods agree on a period that the spikes keep.'];
  const cycles = plural(period.chain.cycles.at(-1)!, 'period');
  const line =
    `Through ${plural(period.chain.atMs.length, 'spike')} over ${cycles}: ` +
    `${seconds(period.periodMs, 2)} ± ${seconds(period.errorMs, 2)}` +
    `${period.isProven ? '' : '; 8 spikes are needed to prove it'}.`;
  return origin === null ? [line] : [line, driftText(origin)];
}

function driftText(origin: NonNullable<SideDiagnosis['origin']>): string {
  const { kind, nominalMs, driftMs, driftedMs, expectedMs, cycles } = origin;
  if (nominalMs === null || driftMs === null || driftedMs === null) {
    return 'No clock keeps such a period: a timer in a process does.';
  }
  const words = {
    timer: 'a timer, which starts anew after each cycle',
    clock: 'a clock',
    undecided: 'a timer or a clock, too early to tell',
  }[kind];
  return (
    `Against ${formatDuration(nominalMs)} each begins ${seconds(driftMs, 3)} later, ` +
    `${seconds(driftedMs, 1)} after ${plural(cycles, 'period')}; a timer that waits for each ` +
    `pause would be ${seconds(expectedMs, 1)} late at least: ${words}.`
  );
}

function attributionTable({ side, attribution: found }: SideDiagnosis): ReportTable | null {
  if (found === null) return null;
  return {
    title: `${side}’s spikes and its collections (${found.kind}, ${found.source})`,
    columns: ['question', 'found', 'needed'],
    rows: attributionRows(found),
    notes: [
      `${formatCount(found.cycles)} cycles, ${formatShare(found.timeRatio)} of the time with ` +
        'what is not known exactly and as long as a spike lasts.' +
        (found.leadMs === 0
          ? ''
          : ` They tell their end alone: each is taken to have begun ${seconds(found.leadMs, 0)} ` +
            'before the second of it, which explains most.'),
    ],
  };
}

function attributionRows(found: Attribution): readonly (readonly string[])[] {
  const { massBalance } = found;
  const at = `p${Number((100 * found.quantile).toFixed(3))}`;
  return [
    ['spikes in cycles', `${found.inCycles} of ${found.spikes}`, ''],
    ['lift', found.lift.toFixed(1), 'at least 5'],
    ['p, by chance', chance(found.p), 'below 0.001'],
    [
      'exceedances in cycles, above before',
      `${formatShare(Math.max(0, found.epochExcess))}, p ${chance(found.epochP)}`,
      '',
    ],
    [
      `${at} without cycles`,
      `${formatLatency(found.withoutUs)} for ${formatLatency(found.allUs)}`,
      '',
    ],
    ['explained by cycles', formatShare(found.explainedRatio), 'at least 50 %'],
    [
      'the other side in the same cycles',
      `${found.otherLift.toFixed(1)} times, ${excessText(found.otherExcessRatio)} of the excess`,
      'below 1.5 times, or 10 %',
    ],
    [
      'slow by what pauses add up to',
      massBalance === null ? NOTHING : massBalance.toPrecision(2),
      '0.1 to 10',
    ],
  ];
}

/** Of a side that has hardly any excess of its own, the other's is any number of times as much. */
function excessText(ratio: number): string {
  return ratio > 10 ? 'over 1000 %' : formatShare(ratio);
}

function curveTable(sides: readonly SideDiagnosis[]): ReportTable {
  return {
    title: 'The histogram',
    columns: [
      'side',
      'knee',
      'share beyond',
      'plateau',
      'second mode',
      'its share',
      'depth',
      'dip',
    ],
    rows: sides.map(({ side, shoulder, secondMode, dip }) => [
      side,
      shoulder === null ? NOTHING : formatLatency(shoulder.kneeUs),
      shoulder === null ? NOTHING : formatShare(shoulder.massRatio),
      shoulder === null ? NOTHING : formatLatency(shoulder.plateauUs),
      secondMode === null ? NOTHING : formatLatency(secondMode.atUs),
      secondMode === null ? NOTHING : formatShare(secondMode.massRatio),
      secondMode === null ? NOTHING : formatShare(secondMode.depth),
      `${dip.toFixed(4)}${dip >= DIP_MIN ? ' (not one mode)' : ''}`,
    ]),
    notes: [],
  };
}

function screensTable(sides: readonly SideDiagnosis[]): ReportTable {
  const { reads, slowUs } = sides[0]!.fanOut;
  return {
    title: `Screens of ${reads} reads`,
    columns: ['side', 'slow reads', 'screens with one', 'if spread evenly', 'in the worst second'],
    rows: sides.map(({ side, fanOut }) => [
      side,
      formatShare(fanOut.slowRatio),
      formatShare(fanOut.screenRatio),
      formatShare(fanOut.evenRatio),
      formatShare(fanOut.worstRatio),
    ]),
    notes: [
      `Slow: above ${formatLatency(slowUs)}. All reads of a screen fall into one of the seconds ` +
        'that were; spread evenly is what one percentile of the whole run would suggest.',
    ],
  };
}

function harnessTable(instances: readonly InstanceDiagnosis[]): ReportTable {
  const { limitUs } = instances[0]!.stalls;
  return {
    title: 'The harness itself',
    columns: [
      'stalled seconds',
      'in own collections',
      'right behind',
      'of',
      'with a collection',
      'spikes',
      'spikes without those',
    ],
    rows: instances.map(({ stalls, legacy }) => [
      String(stalls.stalled),
      String(stalls.byOwnGc),
      String(stalls.behind),
      formatCount(stalls.of),
      String(stalls.coinciding),
      String(legacy.events.length),
      String(stalls.eventsWithout),
    ]),
    notes: [
      `Seconds in which a proxy stalled for more than ${formatLatency(limitUs)} ` +
        'are left out of both sides; those in which a side collected as well are kept, for both ' +
        'may share a machine, and its spikes are counted with and without them.',
    ],
  };
}

function seconds(ms: number, digits = 1): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}
