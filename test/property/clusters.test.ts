import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterTable, mergeClusters } from '../../src/compare/cluster.ts';
import { swappedChange } from '../../src/compare/value-change.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Divergence, Pair } from '../../src/model/pair.ts';
import { answer, pair } from '../support/answers.ts';

const one = pair(answer('1'), answer('2'));

/** One difference as a proxy sees it, with what chance has drawn for it. */
interface Seen {
  readonly route: string;
  readonly target: string;
  readonly key: string | null;
  readonly atMs: number;
  readonly divergence: Divergence;
  readonly tag: number;
}

const value = fc.constantFrom(undefined, 'null', '0', '1', '-2.5', '"a"', '"b"', '[]', '{"a":1}');
const seen: fc.Arbitrary<Seen> = fc.record({
  route: fc.constantFrom('GET /a/:id', 'GET other', 'POST other'),
  target: fc.constantFrom('/x/1', '/x/2', '/x/y?z=1', '/', '/x/ada/2'),
  key: fc.option(fc.constantFrom('u1', 'u2', 'u3', 'ж')),
  atMs: fc.nat(50),
  divergence: fc.record({
    path: fc.constantFrom('/a', '/a/7', '/b/c', 'status', 'header:etag', 'body'),
    kind: fc.constantFrom('value', 'type', 'missing', 'id-precision'),
    legacy: value,
    candidate: value,
  }),
  tag: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
const stream = fc.array(seen, { maxLength: 40 });

function pairOf({ route, target, key, atMs }: Seen): Pair {
  const method = route.split(' ', 1)[0]!;
  return { ...one, route, key, arrivedAtMs: atMs, request: { ...one.request, method, target } };
}

function table(stream: readonly Seen[]): readonly Cluster[] {
  let tag = 0;
  const random = { next: () => tag, int: () => 0 };
  const made = new ClusterTable((_name, text) => text, { random });
  for (const each of stream) {
    tag = each.tag;
    made.add(pairOf(each), [each.divergence]);
  }
  return made.clusters();
}

const RUNS = { numRuns: 300, seed: 7 };

describe('clusters of several proxies', () => {
  it('are the same in whatever order they are merged', () => {
    fc.assert(
      fc.property(stream, stream, stream, (a, b, c) => {
        const [x, y, z] = [table(a), table(b), table(c)];
        expect(mergeClusters(x, y)).toEqual(mergeClusters(y, x));
        const left = mergeClusters(mergeClusters(x, y), z);
        expect(mergeClusters(x, mergeClusters(y, z))).toEqual(left);
      }),
      RUNS,
    );
  });

  it('are those of one table that has seen all', () => {
    fc.assert(
      fc.property(stream, stream, (a, b) => {
        expect(mergeClusters(table(a), table(b))).toEqual(table([...a, ...b]));
        expect(mergeClusters(table(a), [])).toEqual(table(a));
      }),
      RUNS,
    );
  });

  it('are those of one table however often it is emptied', () => {
    fc.assert(
      fc.property(fc.array(stream, { maxLength: 5 }), (streams) => {
        const sum = new ClusterTable(null);
        for (const each of streams) sum.absorb(table(each));
        expect(sum.clusters()).toEqual(table(streams.flat()));
      }),
      RUNS,
    );
  });

  it('tell the mirrored change when the sides are swapped', () => {
    fc.assert(
      fc.property(stream, (a) => {
        const swapped = a.map((each) => {
          const { legacy, candidate } = each.divergence;
          return {
            ...each,
            divergence: { ...each.divergence, legacy: candidate, candidate: legacy },
          };
        });
        const name = ({ route, path, kind, change, count }: Cluster): string =>
          JSON.stringify([route, path, kind, change, count]);
        const mirrored = table(swapped).map((row) =>
          name({ ...row, change: swappedChange(row.change) }),
        );
        expect(mirrored.sort()).toEqual(table(a).map(name).sort());
      }),
      RUNS,
    );
  });
});
