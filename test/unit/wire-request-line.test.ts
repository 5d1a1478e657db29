import { describe, expect, it } from 'vitest';
import {
  get,
  headOf,
  LIMITS,
  parse,
  parseAsItArrives,
  post,
  refusal,
} from '../support/request-heads.ts';

describe('a request line that is none', () => {
  it.each([
    ['GET  / HTTP/1.1', 400, 'request-line'],
    ['GET /  HTTP/1.1', 400, 'version'],
    ['GET / HTTP/1.1 ', 400, 'version'],
    ['GET\t/\tHTTP/1.1', 400, 'request-line'],
    [' GET / HTTP/1.1', 400, 'request-line'],
    ['GET / a HTTP/1.1', 400, 'version'],
    ['GET /', 400, 'version'],
    ['GET / ', 400, 'version'],
    ['GET', 400, 'request-line'],
    ['GET / http/1.1', 400, 'version'],
    ['GET / HTTP/01.1', 400, 'version'],
    ['GET / HTTP/1.', 400, 'version'],
    ['GET / HTTP/1.2', 505, 'version'],
    ['GET / HTTP/2.0', 505, 'version'],
    ['GET / HTTP/0.9', 505, 'version'],
    ['PRI * HTTP/2.0', 505, 'version'],
    ['get / HTTP/1.1', 400, 'method'],
    ['G(T / HTTP/1.1', 400, 'request-line'],
    [`${'A'.repeat(65)} / HTTP/1.1`, 400, 'method'],
    ['\x16\x03\x01\x02', 400, 'request-line'],
    ['\n', 400, 'request-line'],
    ['\rGET', 400, 'request-line'],
  ])('refuses %j with %d', (line, status, reason) => {
    const text = `${line}\r\nHost: a\r\n\r\n`;
    expect(parse(text)).toMatchObject({ kind: 'rejection', status, reason });
    expect(parseAsItArrives(text)).toMatchObject({ kind: 'rejection', status, reason });
  });

  it('says plainly that HTTP/2 is not spoken', () => {
    const result = parse('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(result).toMatchObject({
      status: 505,
      sentence: expect.stringContaining('HTTP/2 is not'),
    });
  });

  it.each(['CONNECT a:443', 'TRACE /', 'CONNECT /'])('does not serve %s', (start) => {
    const text = `${start} HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nAuthorization: secret\r\n\r\n`;
    expect(refusal(text)).toEqual([405, 'method']);
  });

  it('takes a few empty lines before it and no more', () => {
    expect(headOf(`\r\n${get('/', 'Host: a')}`).method).toBe('GET');
    expect(refusal('\r\n'.repeat(100))).toEqual([400, 'request-line']);
  });
});

describe('a request head that is too large', () => {
  it('is refused as soon as its bytes are too many, whole or not', () => {
    const limits = { ...LIMITS, headMaxBytes: 100 };
    const text = get('/', 'Host: a', `X-A: ${'b'.repeat(100)}`);
    expect(parse(text, limits)).toMatchObject({ status: 431, reason: 'head-too-large' });
    expect(parse(text.slice(0, 101), limits)).toMatchObject({ status: 431 });
    expect(parse(text.slice(0, 100), limits)).toBeNull();
  });

  it('is refused where its fields are too many, or one name too long', () => {
    const many = Array.from({ length: 2100 }, (_, i) => `X${i}: b`);
    expect(parse(get('/', 'Host: a', ...many))).toMatchObject({ status: 431 });
    expect(parse(get('/', 'Host: a', `${'x'.repeat(8000)}: b`))).toMatchObject({ status: 431 });
  });

  it('is refused where its target is too long, before the line is whole', () => {
    const start = `GET /${'a'.repeat(LIMITS.headMaxBytes)}`;
    expect(parse(start)).toMatchObject({ status: 414, reason: 'target-too-long' });
    expect(parse(`${start} HTTP/1.1\r\n`)).toMatchObject({ status: 414 });
  });

  it.each([1024, 16_384, 131_072])('of %i bytes may be a target but for a few', (headMaxBytes) => {
    const limits = { ...LIMITS, headMaxBytes };
    const rest = 'GET  HTTP/1.1\r\nHost: a\r\n\r\n'.length;
    const ask = (bytes: number): unknown =>
      parse(get(`/${'a'.repeat(bytes - 1)}`, 'Host: a'), limits);
    expect(ask(headMaxBytes - rest)).toMatchObject({ kind: 'head', end: headMaxBytes });
    expect(ask(headMaxBytes - rest + 1)).toMatchObject({ status: 431 });
    expect(ask(headMaxBytes - 'GET '.length)).toMatchObject({ status: 431 });
    expect(ask(headMaxBytes - 'GET '.length + 1)).toMatchObject({ status: 414 });
  });

  it('refuses expectations but one', () => {
    for (const value of ['200-ok', 'y 100-continue', '100-continue, x', '']) {
      const text = post(`Expect: ${value}`, 'Content-Length: 3');
      if (value === '') expect(headOf(text).expectsContinue).toBe(false);
      else expect(refusal(text)).toEqual([417, 'expect']);
    }
  });
});
