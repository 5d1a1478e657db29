import { afterEach, describe, expect, it } from 'vitest';
import { parseSettings } from '../../src/config/load.ts';
import { startProxy } from '../support/proxy.ts';
import { type Answer, startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** How a pair is counted whose candidate differs from legacy in this, under these rules. */
async function resultOf(candidate: Answer, rules: readonly string[]): Promise<string> {
  const sides = [
    await startSide((_request, response) => void response.end('{"same":true}')),
    await startSide(candidate),
  ];
  open.push(...sides);
  const text = `legacy: { url: ${sides[0]!.url} }
candidate: { url: ${sides[1]!.url} }
routes: [{ match: GET /*, compare: [${rules.join(', ')}] }]
`;
  const proxy = await startProxy(parseSettings(text, 'c.yaml', '/tmp'));
  open.push(proxy);
  await fetch(proxy.url);
  await until(() => proxy.traffic().compared === 1);
  const { matched, mismatched, ignored } = proxy.traffic();
  return Object.entries({ matched, mismatched, ignored }).find(([, count]) => count === 1)![0];
}

describe('a rule of a file', () => {
  const tagged: Answer = (_request, response) => {
    response.setHeader('ETag', '"1"');
    response.end('{"same":true}');
  };
  const created: Answer = (_request, response) => {
    response.statusCode = 201;
    response.end('{"same":true}');
  };

  it('explains a field that only one side sends', async () => {
    expect(await resultOf(tagged, [])).toBe('mismatched');
    expect(await resultOf(tagged, ['{ path: header:ETag, as: ignore }'])).toBe('ignored');
  });

  it('explains another status, and nothing else', async () => {
    expect(await resultOf(created, ['{ path: header:etag, as: ignore }'])).toBe('mismatched');
    expect(await resultOf(created, ['{ path: status, as: ignore }'])).toBe('ignored');
  });
});
