/**
 * A shadow that cannot be reached, or a disk that cannot be written, must not harm live traffic:
 * all live answers are whole and legacy's, the counts add up, nothing is left under way.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import type { RecordSettings } from '../../src/model/settings.ts';
import { createAnalyst } from '../../src/proxy/analyst/analyst.ts';
import { startFullQueue } from '../support/full-queue.ts';
import { ask, BODY, counts, quiet, serve } from '../support/isolation.ts';
import { type NameAnswer, startNameServer } from '../support/name-server.ts';
import { type RunningProxy, startProxy, testSettings } from '../support/proxy.ts';
import { startShadow } from '../support/shadows.ts';
import { startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function kept<T extends { close(): Promise<void> }>(each: T): T {
  open.push(each);
  return each;
}

async function proxyTo(
  candidateUrl: string,
  parts: Parameters<typeof startProxy>[2] = {},
  record: RecordSettings | null = null,
): Promise<RunningProxy> {
  const legacy = kept(await startSide((_request, response) => void response.end(BODY)));
  // By its name: live lookups go on whatever the shadow's do.
  const settings = testSettings(`http://localhost:${legacy.port}`, candidateUrl, {
    shadowTimeoutMs: 10_000,
    record,
  });
  return kept(await startProxy(settings, 0, parts));
}

/** Copies that were tried fail, the side is left alone, and what was held is let go. */
async function neverReaches(proxy: RunningProxy): Promise<void> {
  await serve(proxy, 100);
  await quiet(proxy);
  await serve(proxy, 100);
  const traffic = await quiet(proxy);
  expect(traffic.received).toBe(200);
  expect(traffic.compared).toBe(0);
  expect(traffic.notComparable['shadow-failed']).toBeGreaterThanOrEqual(LIMITS.breakerFailuresMax);
  expect(traffic.dropped['breaker-open']).toBeGreaterThan(0);
  proxy.assign(0, { mirrorPause: 'the kill switch' });
  await until(() => counts(proxy).inFlight === 0);
  expect(proxy.proxy.summarize().mirror).toMatchObject({ outstanding: 0, heldBytes: 0 });
  expect(await ask(proxy)).toEqual([200, BODY]);
}

describe('live traffic is not harmed by a shadow', () => {
  const NAMES: readonly (readonly [string, (n: number) => NameAnswer])[] = [
    ['that its name server refuses to tell', () => 'servfail'],
    ['whose name server says nothing', () => 'silence'],
    [
      'whose name comes to mean what no copy may go to',
      (n) => (n % 2 === 0 ? '127.0.0.1' : '169.254.169.254'),
    ],
  ];

  it.each(NAMES)('%s', async (_what, answer) => {
    const shadow = kept(await startShadow({}));
    const names = kept(await startNameServer(answer));
    const proxy = await proxyTo(`http://shadow.test.:${shadow.port}`, {
      shadowNameServers: [names.address],
    });
    await neverReaches(proxy);
    expect(names.asked()).toBeGreaterThan(0);
    expect(shadow.opened()).toBe(0);
  });

  it('that nobody knows', async () => {
    await neverReaches(await proxyTo('http://nobody-knows-this.invalid:9'));
  });

  it('that refuses connections', async () => {
    const shadow = await startShadow({});
    await shadow.close();
    await neverReaches(await proxyTo(shadow.url));
  });

  it('that never accepts a connection, as behind a wall', async () => {
    const { url } = kept(await startFullQueue());
    await neverReaches(await proxyTo(url));
  });
});

it('a live side that accepts at the third try is waited for, as its own clients do', async () => {
  const legacy = kept(await startFullQueue(2000));
  const proxy = kept(await startProxy(testSettings(legacy.url, legacy.url)));
  expect(await ask(proxy)).toEqual([200, 'ok']);
});

/** An analyst's thread whose disk does this instead of `fs.writeSync`; it leaves `mark` there. */
function threadWith(mark: string, write: string): URL {
  const analyst = new URL('../../src/proxy/analyst/analyst-thread.ts', import.meta.url);
  return new URL(
    `data:text/javascript,${encodeURIComponent(`
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { writeSync, writeFileSync } = fs;
      fs.writeSync = (...args) => {
        writeFileSync(${JSON.stringify(mark)}, '');
        ${write}
      };
      syncBuiltinESMExports();
      await import(${JSON.stringify(analyst.href)});
    `)}`,
  );
}

describe('live traffic is not harmed by a recording', () => {
  const DISKS = [
    [
      'on a disk that takes two seconds for each write',
      'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000); writeSync(...args);',
    ],
    ['on a disk that is full', 'throw new Error("ENOSPC: no space left on device");'],
  ] as const;

  it.each(DISKS)('%s', async (_what, write) => {
    const folder = mkdtempSync(join(tmpdir(), 'isolation-'));
    const mark = join(folder, 'was-written');
    const shadow = kept(await startSide((_request, response) => void response.end(BODY)));
    const record = { path: join(folder, 'slow.crossfade'), maxBytes: 100_000_000 };
    const analyst = createAnalyst({
      routes: [],
      record,
      redactKey: Buffer.alloc(32),
      threadUrl: threadWith(mark, write),
      warn: () => undefined,
    });
    const proxy = await proxyTo(shadow.url, { analyst }, record);
    await until(() => existsSync(mark));
    // More than may wait for the disk.
    const count = LIMITS.analystQueueMax + 500;
    await serve(proxy, count);
    expect(await quiet(proxy)).toMatchObject({ received: count, matched: count });
    await until(() => analyst.recordsDropped() > 0);
    rmSync(folder, { recursive: true });
  });
});
