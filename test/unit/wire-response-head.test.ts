import { describe, expect, it } from 'vitest';
import { type ParsedAnswer, parseResponseHead } from '../../src/wire/response-head.ts';

const MAX = 4096;
const OK = 'HTTP/1.1 200 OK\r\n';

function read(text: string, isToHead = false): ParsedAnswer | string | null {
  return parseResponseHead(Buffer.from(text, 'latin1'), isToHead, MAX);
}

function headOf(text: string, isToHead = false): ParsedAnswer['head'] {
  const parsed = read(text, isToHead);
  if (parsed === null || typeof parsed === 'string') throw new Error(`refused: ${parsed}`);
  return parsed.head;
}

/** The head of an answer with these fields. */
function withFields(...lines: readonly string[]): string {
  return `${OK}${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

describe('the head of an answer', () => {
  it('keeps names, values, order, case and bytes', () => {
    const head = headOf(
      withFields('X-A: 1', 'set-cookie:a=\xe9', '__proto__: \t x \t', 'X-A:', 'B: 2'),
    );
    expect(head.headers).toEqual([
      'X-A',
      '1',
      'set-cookie',
      'a=\xe9',
      '__proto__',
      'x',
      'X-A',
      '',
      'B',
      '2',
    ]);
  });

  it('ends before the first byte of the body', () => {
    const text = withFields('Content-Length: 2');
    expect(read(`${text}ok`)).toMatchObject({ end: text.length });
  });

  it('is not whole before its last byte, and is judged no earlier', () => {
    const text = withFields('Content-Length: 2', 'X-A: \xe9');
    for (let length = 0; length < text.length; length += 1) {
      expect(read(text.slice(0, length))).toBeNull();
    }
  });

  it.each([
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.1 200', 200, ''],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.1 404 Not\tquite \xe9 found', 404, 'Not\tquite \xe9 found'],
    ['HTTP/1.0 999 ?', 999, '?'],
    ['HTTP/1.1 100 Continue', 100, 'Continue'],
  ])('reads the status line %j', (line, status, reason) => {
    expect(headOf(`${line}\r\n\r\n`)).toMatchObject({ status, reason });
  });

  it.each([
    ['HTTP/1.1 099 Low', /status line is malformed/],
    ['HTTP/1.1 1000 High', /status line is malformed/],
    ['HTTP/1.1 20 Short', /status line is malformed/],
    ['HTTP/1.1  200 OK', /status line is malformed/],
    ['HTTP/1.1 200OK', /status line is malformed/],
    ['HTTP/1.1\t200 OK', /status line is malformed/],
    ['HTTP/1.2 200 OK', /status line is malformed/],
    ['HTTP/2.0 200 OK', /does not say HTTP\/1\.x/],
    ['http/1.1 200 OK', /does not say HTTP\/1\.x/],
    ['SSH-2.0-OpenSSH_9.2', /does not say HTTP\/1\.x/],
    ['HTTP/1.1 200 O\0K', /holds a NUL/],
    ['HTTP/1.1 200 O\rK', /holds a bare carriage return/],
    ['HTTP/1.1 200 O\x7fK', /holds a control character/],
    ['HTTP/1.1 200 OK\nA: b', /status line ends with a bare line feed/],
  ])('refuses the status line %j and says why', (line, why) => {
    expect(read(`${line}\r\n\r\n`)).toMatch(why);
  });

  it.each([
    ['A : b', /a blank in or behind its name/],
    ['A\t: b', /a blank in or behind its name/],
    ['A: b\r\n c', /folded/],
    [' A: b', /folded/],
    ['A: b\nC: d', /bare line feed/],
    ['A: b\rC: d', /bare carriage return/],
    ['A: b\0c', /NUL/],
    ['A: b\x01', /control character/],
    ['A', /no colon/],
    [': b', /no name/],
    ['A(b): c', /name that is none/],
    ['\xe9: c', /name that is none/],
  ])('refuses the field %j and says why', (line, why) => {
    expect(read(withFields('X: 1', line, 'Content-Length: 0'))).toMatch(why);
  });

  it('refuses what can never become a head before the rest of it is there', () => {
    expect(read('HTTP/1.1 200 OK\n')).toMatch(/bare line feed/);
    expect(read(`${OK}A : b`)).toMatch(/a blank in or behind its name/);
    expect(read('S')).toMatch(/does not say/);
    expect(read('\r\n')).toMatch(/does not say/);
  });

  it('is too large by its own bytes, not by those of the body behind it', () => {
    const fits = withFields(`X: ${'x'.repeat(MAX - 24)}`);
    expect(fits.length).toBe(MAX);
    expect(read(`${fits}${'b'.repeat(MAX)}`)).toMatchObject({ end: MAX });
    const tooLarge = withFields(`X: ${'x'.repeat(MAX - 23)}`);
    expect(read(tooLarge)).toMatch(/too large/);
    expect(read(tooLarge.slice(0, MAX + 1))).toMatch(/too large/);
    expect(read(tooLarge.slice(0, MAX))).toBeNull();
  });
});

describe('the end of an answer', () => {
  it.each([
    [['Content-Length: 5'], { kind: 'length', bytes: 5 }],
    [['content-length: 0'], { kind: 'none' }],
    [['Content-Length: 010'], { kind: 'length', bytes: 10 }],
    [['TRANSFER-ENCODING: Chunked'], { kind: 'chunked' }],
    [[], { kind: 'until-close' }],
  ])('is found by %j', (lines, framing) => {
    expect(headOf(withFields(...lines)).framing).toEqual(framing);
  });

  it.each([
    [['Content-Length: 1', 'Content-Length: 2'], /two Content-Length/],
    [['Content-Length: 1', 'content-length: 1'], /two Content-Length/],
    [['Content-Length: 1, 1'], /Content-Length "1, 1"/],
    [['Content-Length: +2'], /Content-Length "\+2"/],
    [['Content-Length: -1'], /Content-Length "-1"/],
    [['Content-Length: 0x1'], /Content-Length "0x1"/],
    [['Content-Length:'], /Content-Length ""/],
    [['Content-Length: 9007199254740993'], /Content-Length "9007/],
    [['Content-Length: 18446744073709551617'], /Content-Length "1844/],
    [['Content-Length: 1', 'Transfer-Encoding: chunked'], /both Content-Length and Transfer/],
    [['Transfer-Encoding: chunked', 'Content-Length: 1'], /both Content-Length and Transfer/],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], /two Transfer-Encoding/],
    [['Transfer-Encoding: xchunked'], /Transfer-Encoding "xchunked"/],
    [['Transfer-Encoding: gzip, chunked'], /Transfer-Encoding "gzip, chunked"/],
    [['Transfer-Encoding: chunked, gzip'], /Transfer-Encoding "chunked, gzip"/],
    [['Transfer-Encoding: identity'], /Transfer-Encoding "identity"/],
    [['Transfer-Encoding:'], /Transfer-Encoding ""/],
  ])('is refused where two readers could disagree: %j', (lines, why) => {
    expect(read(withFields(...lines))).toMatch(why);
    // Nor is it believed where no body follows: what stands behind would be read differently.
    expect(read(withFields(...lines), true)).toMatch(why);
  });

  it('is refused for a transfer coding in HTTP/1.0', () => {
    expect(read('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')).toMatch(/HTTP\/1\.0/);
  });

  it.each([
    ['HTTP/1.1 204 No Content', false],
    ['HTTP/1.1 304 Not Modified', false],
    ['HTTP/1.1 103 Early Hints', false],
    ['HTTP/1.1 200 OK', true],
  ])('comes with the head of %s (to HEAD: %s)', (line, isToHead) => {
    const text = `${line}\r\nContent-Length: 5\r\n\r\n`;
    expect(headOf(text, isToHead).framing).toEqual({ kind: 'none' });
  });
});

describe('a connection behind an answer', () => {
  const LENGTH = 'Content-Length: 0';
  it.each([
    ['1.1', [LENGTH], true],
    ['1.1', [LENGTH, 'Connection: keep-alive'], true],
    ['1.1', [LENGTH, 'Connection: close'], false],
    ['1.1', [LENGTH, 'Connection: X-A, Close'], false],
    ['1.1', [LENGTH, 'Connection: x-a', 'connection: close'], false],
    ['1.0', [LENGTH], false],
    ['1.0', [LENGTH, 'Connection: Keep-Alive'], true],
    ['1.0', [LENGTH, 'Connection: keep-alive, close'], false],
    ['1.1', ['X-No-Length: 1'], false],
  ])('of HTTP/%s with %j is kept: %s', (version, lines, isKept) => {
    const fields = lines.map((line) => `${line}\r\n`).join('');
    expect(headOf(`HTTP/${version} 200 OK\r\n${fields}\r\n`).keepsAlive).toBe(isKept);
  });

  it.each([
    ['timeout=5', 5],
    ['timeout=5, max=100', 5],
    ['max=100, Timeout=75', 75],
    ['max=100', null],
    ['timeout=x', null],
  ])('is kept for as long as Keep-Alive: %s says', (value, seconds) => {
    expect(read(withFields(LENGTH, `Keep-Alive: ${value}`))).toMatchObject({
      keepAliveSec: seconds,
    });
  });
});
