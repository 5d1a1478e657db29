import { describe, expect, it } from 'vitest';
import { openFilesIn, planConnections, readOpenFilesMax } from '../../src/engines/connections.ts';
import { LIMITS } from '../../src/kit/limits.ts';

describe('connections of a proxy', () => {
  it('are as many as the product allows where the system does, or does not say', () => {
    for (const openFilesMax of [null, 1_048_576]) {
      const { connections, warning } = planConnections(openFilesMax);
      expect(connections).toMatchObject({ live: LIMITS.liveConnectionsMax, shadow: 256 });
      expect(connections.clients).toBeGreaterThan(900_000);
      expect(warning).toBeNull();
    }
  });

  it('are enough to say nothing of the limit where hundreds fit', () => {
    expect(planConnections(2624)).toEqual({
      connections: { live: 512, shadow: 256, clients: 1024 },
      warning: null,
    });
    expect(planConnections(20_000).warning).toBeNull();
    expect(planConnections(2623).warning).not.toBeNull();
  });

  it('are taken from the shadow first', () => {
    expect(planConnections(2623).connections).toMatchObject({ live: 512, shadow: 255 });
    expect(planConnections(2200).connections).toMatchObject({ live: 512, shadow: 44 });
  });

  it('are taken from live when the shadow has hardly any left', () => {
    expect(planConnections(1024).connections).toEqual({ live: 232, shadow: 16, clients: 464 });
    expect(planConnections(256).connections).toEqual({ live: 40, shadow: 16, clients: 80 });
  });

  it('are a few for either however low the limit', () => {
    expect(planConnections(20).connections).toEqual({ live: 16, shadow: 16, clients: 16 });
  });

  it('fit into the limit together, wherever that leaves more than the least', () => {
    for (let openFilesMax = 160; openFilesMax < 60_000; openFilesMax += 7) {
      const { live, shadow, clients } = planConnections(openFilesMax).connections;
      const files = LIMITS.openFilesReserve + 2 * live + 2 * shadow + clients;
      expect(files).toBeLessThanOrEqual(openFilesMax);
      expect(clients).toBeGreaterThanOrEqual(2 * live);
    }
  });

  it('come with a warning that holds the numbers where there are fewer', () => {
    expect(planConnections(1024).warning).toBe(
      'a proxy may open 1024 files: it keeps at most 232 connections to each side for live ' +
        'traffic, 16 for the shadow and 464 of clients; raise the limit to 2624 or more ' +
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
