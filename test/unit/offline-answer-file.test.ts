import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  bodyAnswer,
  httpAnswer,
  namedType,
  sharedType,
} from '../../src/offline/compare/answer-file.ts';
import type { Answer } from '../../src/model/exchange.ts';
import { boundText } from '../../src/offline/compare/bounds.ts';
import { rulesFor } from '../../src/offline/compare/compare-answers.ts';
import { answer, rule } from '../support/answers.ts';
import { ITEM_ROUTE, routeOf } from '../support/offline.ts';

function http(text: string): { status: number; headers: readonly string[]; body: string } {
  const { status, headers, body } = httpAnswer('answer.http', Buffer.from(text, 'latin1'));
  return { status, headers, body: Buffer.from(body).toString() };
}

describe('a file’s name', () => {
  it.each([
    ['answer.json', 'application/json', null],
    ['dir.v2/answer.JSON.gz', 'application/json', 'gzip'],
    ['lines.ndjson.zst', 'application/x-ndjson', 'zstd'],
    ['page.html.br', 'text/html', 'br'],
    ['answer', null, null],
    ['-', null, null],
    ['answer.bin', null, null],
  ])('%s says what it holds', (path, type, coding) => {
    expect(namedType(path)).toEqual({ type, coding });
  });

  it('decides for both only where the other does not disagree', () => {
    const [json, text, unknown] = ['a.json', 'a.txt', '-'].map(namedType);
    expect(sharedType(null, json!, unknown!)).toBe('application/json');
    expect(sharedType(null, unknown!, text!)).toBe('text/plain');
    expect(sharedType(null, json!, text!)).toBe(null);
    expect(sharedType('text/csv', json!, text!)).toBe('text/csv');
  });
});

describe('a body', () => {
  it('is unpacked as its name says', () => {
    const packings = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync };
    for (const [coding, pack] of Object.entries(packings)) {
      const { body } = bodyAnswer('a', pack('{"a":1}'), null, coding) as Answer;
      expect(Buffer.from(body).toString()).toBe('{"a":1}');
    }
  });

  it('that is not what its name says is refused', () => {
    expect(() => bodyAnswer('a.json.gz', Buffer.from('no'), null, 'gzip')).toThrow(
      'a.json.gz cannot be unpacked as gzip',
    );
  });

  it('that unpacks beyond the bound is not compared', () => {
    const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024));
    expect(bodyAnswer('a.gz', bomb, null, 'gzip')).toBe('unpacks-too-large');
  });
});

describe('a saved HTTP answer', () => {
  it('is read with its head, however its lines end', () => {
    for (const end of ['\r\n', '\n']) {
      const lines = ['HTTP/1.1 404 Not Found', 'Content-Type: text/plain', 'X: 1', '', 'gone'];
      expect(http(lines.join(end))).toEqual({
        status: 404,
        headers: ['Content-Type', 'text/plain', 'X', '1'],
        body: 'gone',
      });
    }
  });

  it('may be of a later version, behind interim answers, without a reason', () => {
    const text = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/2 200 \r\na: b\r\n\r\n{}';
    expect(http(text)).toEqual({ status: 200, headers: ['a', 'b'], body: '{}' });
  });

  it('is taken out of its chunks, unless that was done already', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(http(`${head}2\r\nab\r\n1\r\nc\r\n0\r\nX: 1\r\n\r\n`).body).toBe('abc');
    expect(http(`${head}{"a":1}`).body).toBe('{"a":1}');
  });

  it('ends where its length says, before what an editor has added', () => {
    expect(http('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\n').body).toBe('{}');
  });

  it('that is cut, or followed by more, is refused: it could pass for another', () => {
    const sized = (length: number, body: string): string =>
      `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`;
    expect(http(sized(10, '0123456789\r\n')).body).toBe('0123456789');
    expect(() => http(sized(100, '0123456789'))).toThrow('its body is 10 of 100 bytes');
    const more = 'its body is 2,000 bytes, not 500 as its head says';
    expect(() => http(sized(500, 'x'.repeat(2000)))).toThrow(more);
    expect(() => http(sized(2, '{}\n\n'))).toThrow('its body is 4 bytes, not 2 as');
    expect(() => http(sized(0, '{}'))).toThrow('its body is 2 bytes, not 0 as');
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(http(`${chunked}2\r\nab\r\n0\r\n\r\n\n`).body).toBe('ab');
    for (const cut of ['', '2\r\na', '2\r\nab\r\n', '2\r\nab\r\n0\r\n']) {
      expect(() => http(chunked + cut)).toThrow('its last chunk is missing');
    }
    const behind = `${chunked}2\r\nab\r\n0\r\n\r\nHTTP`;
    expect(() => http(behind)).toThrow('more stands behind its last chunk');
  });

  it('without a body is none, whatever length its head names', () => {
    expect(http('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n\n').body).toBe('');
  });

  it.each([
    ['{"a":1}', 'it does not begin with the head of an HTTP answer'],
    ['HTTP/1.1 200 OK\r\nA: b', 'it does not begin with the head of an HTTP answer'],
    ['HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', 'its answer has the Content-Length "x"'],
  ])('%j is refused with its reason', (text, why) => {
    expect(() => http(text)).toThrow(`answer.http is no HTTP answer: ${why}`);
  });
});

describe('the bound that was met is named', () => {
  it.each([
    ['[{"a]":'.repeat(600), '1,200 levels deep, and no more than 512 levels'],
    ['[]', 'more than 1,048,576 values'],
  ])('%#', (text, words) => {
    expect(boundText('too-complex', [answer(text), answer('[]')])).toContain(words);
  });

  it('of packing and size as well', () => {
    const packed = answer('x', ['Content-Encoding', 'gzip, br, gzip']);
    expect(boundText('too-complex', [packed, packed])).toContain('packed 3 times, more than 2');
    expect(boundText('too-large', ['file-too-large', packed])).toBe('one is more than 64.0 MiB');
    for (const one of ['unpacks-too-large', packed] as const) {
      const words = 'one unpacks to more than 8.0 MiB, or 200 times its size';
      expect(boundText('too-large', [one, packed])).toBe(words);
    }
  });

  it('of what is packed, as it is inside', () => {
    const deep = answer(gzipSync('[{"a]":'.repeat(600)), ['Content-Encoding', 'gzip']);
    expect(boundText('too-complex', [deep, deep])).toContain('1,200 levels deep');
  });
});

describe('the rules of a route', () => {
  const general = [rule('ignore', '/all')];
  const own = [rule('ignore', '/own'), ...general];
  const settings = { routes: [routeOf(ITEM_ROUTE, own)], key: null, compare: general };

  it('are found by its name, or by a request that it takes', () => {
    expect(rulesFor(settings, ITEM_ROUTE).rules).toBe(own);
    expect(rulesFor(settings, 'GET /items/7?page=2')).toEqual({ name: ITEM_ROUTE, rules: own });
    expect(rulesFor(settings, null).rules).toBe(general);
  });

  it('are never those of a route that does not exist', () => {
    expect(() => rulesFor(settings, 'GET /item/7')).toThrow("no route is, or takes, 'GET /item/7'");
  });
});
