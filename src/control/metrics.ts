/** Prometheus text of the rollout and its traffic. */
import { SIDES } from '../model/exchange.ts';
import { NONE_LEARNED, NONE_RULED } from '../model/race.ts';
import type { GateOutcome, Phase, Status } from '../model/rollout.ts';
import type { TrafficCounts } from '../model/window.ts';

const PHASES: readonly Phase[] = ['climbing', 'held', 'rolled-back', 'complete'];
const GATE_VALUES: Readonly<Record<GateOutcome, number>> = { fail: -1, inconclusive: 0, pass: 1 };

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The exposition text, format 0.0.4. */
export function renderMetrics(status: Status): string {
  const { rollout, traffic, gates, mirror } = status;
  const results = (['matched', 'mismatched', 'ignored'] as const).map(
    (result): Sample => [{ result }, traffic[result]],
  );
  const failures: readonly Sample[] = [
    [{ method: 'safe' }, traffic.failedSafe],
    [{ method: 'write' }, traffic.failedWrites],
  ];
  const gateValues = gates.map((gate): Sample => [{ gate: gate.gate }, GATE_VALUES[gate.verdict]]);
  const phases = PHASES.map((phase): Sample => [{ phase }, rollout.phase === phase ? 1 : 0]);
  const mirroredPercent = mirror.pause === '' ? mirror.percent : 0;
  const paused = (['person', 'auto-pause'] as const).map(
    (by): Sample => [{ by }, mirror.pausedBy === by ? 1 : 0],
  );
  const breakers = SIDES.map(
    (side): Sample => [{ side }, mirror.openBreakers.includes(side) ? 1 : 0],
  );
  const reachable: readonly Sample[] = [
    [{ side: 'legacy' }, Number(status.legacyReachable)],
    [{ side: 'candidate' }, Number(status.candidateReachable)],
  ];
  const one = (value: number): readonly Sample[] => [[{}, value]];
  // Gauges, not counters: a new build begins its rollout's counts at zero again.
  return [
    metric(
      'crossfade_canary_percent',
      'Share of keys live on the candidate.',
      one(rollout.percent),
    ),
    metric('crossfade_rollout_revision', 'Revision of the assignment.', one(rollout.revision)),
    metric('crossfade_rollout_phase', '1 for the phase the rollout is in.', phases),
    metric('crossfade_gate_verdict', '1 pass, 0 inconclusive, -1 fail.', gateValues),
    metric('crossfade_workers', 'Proxies that serve.', one(status.workers)),
    metric('crossfade_side_reachable', '1 for a side that accepts connections.', reachable),
    metric('crossfade_received', 'Requests of this rollout.', one(traffic.received)),
    metric('crossfade_mirrored', 'Requests sent to both sides.', one(traffic.mirrored)),
    metric('crossfade_in_flight', 'Pairs not decided yet.', one(traffic.inFlight)),
    metric('crossfade_compared', 'Pairs compared, by result.', results),
    metric('crossfade_skipped', 'Requests not mirrored, by reason.', byReason(traffic.skipped)),
    metric('crossfade_dropped', 'Mirrors dropped at a limit.', byReason(traffic.dropped)),
    metric('crossfade_not_comparable', 'Pairs not compared.', byReason(traffic.notComparable)),
    ...askedMetrics(traffic),
    metric('crossfade_rescued', 'Answers taken from legacy instead.', one(traffic.rescued)),
    metric('crossfade_client_failures', 'Requests that clients saw fail.', failures),
    metric('crossfade_mirror_percent', 'Share of the keys mirrored.', one(mirroredPercent)),
    metric('crossfade_mirror_paused', '1 while nothing is mirrored.', paused),
    metric('crossfade_mirror_outstanding', 'Copies under way.', one(mirror.outstanding)),
    metric('crossfade_mirror_held_bytes', 'Held for the shadow.', one(mirror.heldBytes)),
    metric('crossfade_mirror_breaker_open', '1 for a shadow that is left alone.', breakers),
    metric('crossfade_overload_level', '0 well, 5 refuses new clients.', one(mirror.overload)),
    metric('crossfade_tainted_keys', 'Keys not judged any more.', one(traffic.taintedKeys)),
  ].join('');
}

/** What asking again has shown: of differences, and of legacy's own noise. */
function askedMetrics({
  referee = NONE_RULED,
  noise = NONE_LEARNED,
}: TrafficCounts): readonly string[] {
  const { asked, gone, goneWithoutWrite, stillThere, unchecked } = referee;
  const ruled: readonly Sample[] = [
    [{ result: 'asked' }, asked],
    [{ result: 'gone' }, gone],
    [{ result: 'gone-without-write' }, goneWithoutWrite],
    [{ result: 'still-there' }, stillThere],
  ];
  const learned: readonly Sample[] = [
    [{ result: 'asked' }, noise.asked],
    [{ result: 'learned' }, noise.learned],
  ];
  return [
    metric('crossfade_referee', 'Reads with different answers, asked again.', ruled),
    metric('crossfade_referee_unchecked', 'Those not asked again.', byReason(unchecked)),
    metric('crossfade_noise', 'Reads asked of legacy once more.', learned),
    metric('crossfade_noise_unused', 'Those that say nothing.', byReason(noise.unused)),
  ];
}

function byReason(counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([reason, count]) => [{ reason }, count]);
}

function metric(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
