import { describe, expect, it } from 'vitest';
import { openFilesIn, planConnections, readOpenFilesMax } from '../../src/engines/connections.ts';
import { LIMITS } from '../../src/kit/limits.ts';

const full = { live: LIMITS.liveConnectionsMax, shadow: LIMITS.shadowConnectionsMax };

describe('connections of a proxy', () => {
  it('are as many as the product allows where the system does, or does not say', () => {
    for (const openFilesMax of [null, 2624, 1_048_576]) {
      expect(planConnections(openFilesMax)).toEqual({ connections: full, warning: null });
    }
  });

  it('are taken from the shadow first', () => {
    expect(planConnections(2623).connections).toEqual({ live: 512, shadow: 255 });
    expect(planConnections(2200).connections).toEqual({ live: 512, shadow: 44 });
  });

  it('are taken from live when the shadow has hardly any left', () => {
    expect(planConnections(1024).connections).toEqual({ live: 232, shadow: 16 });
    expect(planConnections(256).connections).toEqual({ live: 40, shadow: 16 });
  });

  it('are a few for either however low the limit', () => {
    expect(planConnections(20).connections).toEqual({ live: 16, shadow: 16 });
  });

  it('fit into the limit with their clients, wherever that leaves more than the least', () => {
    for (let openFilesMax = 160; openFilesMax < 4000; openFilesMax += 7) {
      const { live, shadow } = planConnections(openFilesMax).connections;
      expect(4 * live + 2 * shadow + LIMITS.openFilesReserve).toBeLessThanOrEqual(openFilesMax);
    }
  });

  it('come with a warning that holds the numbers where there are fewer', () => {
    expect(planConnections(1024).warning).toBe(
      'a proxy may open 1024 files: it keeps at most 232 connections to each side for live ' +
        'traffic and 16 for the shadow, not 512 and 256; raise the limit to 2624 or more ' +
        '(ulimit -n, LimitNOFILE=)',
    );
  });
});

describe('the limit of open files', () => {
  it('is read from the text of the system', () => {
    const text =
      'Max processes             1  2  processes\nMax open files            1024  4096  files\n';
    expect(openFilesIn(text)).toBe(1024);
    expect(openFilesIn('Max open files            unlimited  unlimited  files\n')).toBeNull();
    expect(openFilesIn('')).toBeNull();
  });

  it('is known of this process', () => {
    expect(readOpenFilesMax() ?? 1).toBeGreaterThan(0);
  });
});
