import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrafficCounts } from '../../src/model/window.ts';
import { NO_TRAFFIC, TrafficLedger } from '../../src/rollout/traffic.ts';

/** What may happen to a rollout's traffic, in any order. */
type Happening =
  | { readonly kind: 'traffic'; readonly worker: number; readonly counts: Increment }
  | { readonly kind: 'lost' | 'replaced'; readonly worker: number }
  | { readonly kind: 'begin' | 'restart' };

interface Increment {
  readonly arrived: number;
  readonly decided: number;
  readonly mismatched: number;
  readonly skipped: number;
  readonly dropped: number;
}

const small = fc.nat(20);
const increment: fc.Arbitrary<Increment> = fc.record({
  arrived: small,
  decided: small,
  mismatched: small,
  skipped: small,
  dropped: small,
});
const worker = fc.nat(3);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('traffic' as const), worker, counts: increment }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('lost' as const, 'replaced' as const), worker }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('begin' as const, 'restart' as const) }),
  },
);

/** A proxy's totals after some more traffic; its own identities hold. */
function grow(totals: TrafficCounts, counts: Increment): TrafficCounts {
  const mirrored = totals.mirrored + counts.arrived;
  const decided = Math.min(counts.decided, totals.inFlight + counts.arrived);
  const mismatched = Math.min(counts.mismatched, decided);
  const tainted = Math.floor((decided - mismatched) / 3);
  const matched = decided - mismatched - tainted;
  return {
    ...totals,
    received: totals.received + counts.arrived + counts.skipped + counts.dropped,
    mirrored,
    skipped: { write: (totals.skipped.write ?? 0) + counts.skipped },
    dropped: { 'shadow-queue-full': (totals.dropped['shadow-queue-full'] ?? 0) + counts.dropped },
    inFlight: totals.inFlight + counts.arrived - decided,
    compared: totals.compared + matched + mismatched,
    matched: totals.matched + matched,
    mismatched: totals.mismatched + mismatched,
    referee: {
      asked: (totals.referee?.asked ?? 0) + mismatched,
      gone: 0,
      goneWithoutWrite: 0,
      stillThere: (totals.referee?.stillThere ?? 0) + mismatched,
      unchecked: { busy: (totals.referee?.unchecked.busy ?? 0) + counts.dropped },
    },
    notComparable: { tainted: (totals.notComparable.tainted ?? 0) + tainted },
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function expectIdentity(counts: TrafficCounts): void {
  const { received, mirrored, skipped, dropped, inFlight, compared, notComparable } = counts;
  expect(received).toBe(mirrored + sum(skipped) + sum(dropped));
  expect(mirrored).toBe(compared + sum(notComparable) + inFlight);
  expect(compared).toBe(counts.matched + counts.mismatched + counts.ignored);
  expect(counts.referee?.stillThere ?? 0).toBe(counts.mismatched);
  const all = [
    received,
    mirrored,
    inFlight,
    compared,
    counts.matched,
    ...Object.values(notComparable),
  ];
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
}

describe('the traffic of a rollout', () => {
  it('adds up at every moment, through lost proxies, restarts and new builds', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        let ledger = new TrafficLedger();
        let workers = new Map<number, TrafficCounts>();
        for (const event of happenings) {
          if (event.kind === 'traffic') {
            const totals = grow(workers.get(event.worker) ?? NO_TRAFFIC, event.counts);
            workers.set(event.worker, totals);
            ledger.accept(event.worker, totals);
          } else if (event.kind === 'lost') {
            workers.delete(event.worker);
            ledger.lost(event.worker);
          } else if (event.kind === 'replaced') {
            // Another process under the same number, before anybody has noticed.
            workers.delete(event.worker);
          } else if (event.kind === 'begin') ledger.begin();
          else {
            ledger = new TrafficLedger(ledger.settled());
            workers = new Map();
          }
          expectIdentity(ledger.totals());
          expectIdentity(ledger.settled());
          expect(ledger.settled().inFlight).toBe(0);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('counts pairs in flight at a begin once, for the new build', () => {
    const ledger = new TrafficLedger();
    ledger.accept(1, {
      ...NO_TRAFFIC,
      received: 10,
      mirrored: 10,
      compared: 7,
      matched: 7,
      inFlight: 3,
    });
    ledger.begin();
    expect(ledger.totals()).toMatchObject({ received: 3, mirrored: 3, inFlight: 3, compared: 0 });
    ledger.accept(1, { ...NO_TRAFFIC, received: 10, mirrored: 10, compared: 10, matched: 10 });
    expect(ledger.totals()).toMatchObject({ received: 3, mirrored: 3, inFlight: 0, matched: 3 });
  });
});
