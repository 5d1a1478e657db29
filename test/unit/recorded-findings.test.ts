import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mergeRecordings } from '../../replay/merged.ts';
import { findingsIn } from '../../replay/recorded-findings.ts';
import type { Pair } from '../../src/model/pair.ts';
import { readRecording } from '../../src/recording/reader.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { rule } from '../support/answers.ts';
import { testRoute } from '../support/proxy.ts';
import { answerOf, pairOf, withDirectory } from '../support/recorded.ts';

const JSON_TYPE = ['content-type', 'application/json'];

function recordedAs(index: number, legacy: string, candidate: string): Pair {
  const pair = pairOf(index);
  return {
    ...pair,
    request: { ...pair.request, method: 'GET', target: `/things/${index}`, body: null },
    legacy: { ...pair.legacy, answer: answerOf(200, legacy, JSON_TYPE) },
    candidate: { ...pair.candidate, answer: answerOf(200, candidate, JSON_TYPE) },
  };
}

test('what differs in a recording is found by place and kind, less what rules excuse', async () => {
  await withDirectory(async (folder) => {
    const path = join(folder, 'pairs.crossfade');
    const description = { startedAtMs: 0, origin: '', key: null, routes: [] };
    const writer = openRecording(path, {
      maxBytes: 1 << 20,
      redactKey: Buffer.alloc(32),
      description,
    });
    writer.append(recordedAs(1, '{"v":1,"n":[1.0]}', '{"v":2,"n":[1]}'));
    writer.append(recordedAs(2, '{"v":1,"n":[7,2.0]}', '{"v":2,"n":[7,2]}'));
    writer.append(recordedAs(3, '{"v":1}', '{"v":1}'));
    writer.close();
    const { findings, compared } = await findingsIn(mergeRecordings([readRecording(path)]), {
      routes: [testRoute('GET /things/:id', { compare: [rule('ignore', '/v')] })],
      compare: [],
      key: null,
    });
    expect(compared).toBe(3);
    expect(findings).toEqual([
      {
        route: 'GET /things/:id',
        path: '/n/*',
        kind: 'number-format',
        pairs: 2,
        compared: 3,
        values: [
          ['1.0', '1'],
          ['2.0', '2'],
        ],
      },
    ]);
  });
});
