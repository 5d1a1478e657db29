import { describe, expect, it } from 'vitest';
import { get, headOf, parse, post, refusal } from '../support/request-heads.ts';

describe('a request head that is well-formed', () => {
  it('keeps names, values, order and case', () => {
    const head = headOf(
      get(
        '/a?b=%2F',
        'hOst: a:80',
        'X-A:1',
        'x-a: \t 2 \t',
        'X-Empty:',
        'X-Byte: \xe9',
        '__proto__: x',
      ),
    );
    expect(head.method).toBe('GET');
    expect(head.target).toBe('/a?b=%2F');
    expect(head.headers).toEqual([
      'hOst',
      'a:80',
      'X-A',
      '1',
      'x-a',
      '2',
      'X-Empty',
      '',
      'X-Byte',
      '\xe9',
      '__proto__',
      'x',
    ]);
    expect(head.framing).toEqual({ kind: 'none' });
    expect(head.keepsAlive).toBe(true);
  });

  it('says where the head ends', () => {
    const text = get('/', 'Host: a');
    expect(parse(`${text}GET /next`)).toMatchObject({ kind: 'head', end: text.length });
    expect(parse(`\r\n${text}`)).toMatchObject({ kind: 'head', end: text.length + 2 });
  });

  it('is not whole before its last byte', () => {
    const text = post('Content-Length: 3', 'X-A: b');
    for (let length = 0; length < text.length; length += 1) {
      expect(parse(text.slice(0, length))).toBeNull();
    }
  });

  it.each(['//evil/x', '/..//evil', '/\\evil', '/%2e%2e/%2F%00%0d%0a', '/a"<>{}|^`', '/?', '/:80'])(
    'passes the target %s byte for byte',
    (target) => expect(headOf(get(target, 'Host: a')).target).toBe(target),
  );

  it.each(['FOO', 'PURGE', 'QUERY', 'M-SEARCH', 'PROPFIND'])('passes the method %s', (method) => {
    expect(headOf(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).method).toBe(method);
  });

  it('passes a target of 8,000 bytes', () => {
    const target = `/${'a'.repeat(7999)}`;
    expect(parse(get(target, 'Host: a'))).toMatchObject({ kind: 'head', head: { target } });
  });

  it('passes OPTIONS *', () => {
    expect(headOf('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n').target).toBe('*');
  });

  it.each([
    'a',
    'a.b-c_d~e',
    'a:80',
    'a:',
    'xn--a.example:65535',
    '[::1]',
    '[fe80::1]:8080',
    '1.2.3.4',
  ])('passes the host %s', (host) =>
    expect(headOf(get('/', `Host: ${host}`)).headers).toEqual(['Host', host]),
  );

  it('puts the authority of an absolute target in the place of the Host', () => {
    const head = headOf(get('http://b:81/x?y', 'X-A: 1', 'hOST: a', 'X-B: 2'));
    expect(head.target).toBe('/x?y');
    expect(head.headers).toEqual(['X-A', '1', 'hOST', 'b:81', 'X-B', '2']);
    expect(headOf(get('HTTPS://b', 'Host: a')).target).toBe('/');
    expect(headOf(get('http://b?q', 'Host: a')).target).toBe('/?q');
    const old = headOf('GET http://b/x HTTP/1.0\r\nContent-Length: 007\r\n\r\n');
    expect(old.headers).toEqual(['Host', 'b', 'Content-Length', '7']);
    expect(headOf('OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n').target).toBe('*');
  });

  it('passes HTTP/1.0 without a Host and closes behind it unless told to keep', () => {
    expect(headOf('GET / HTTP/1.0\r\n\r\n')).toMatchObject({ minor: 0, keepsAlive: false });
    const kept = headOf('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
    expect(kept).toMatchObject({ minor: 0, keepsAlive: true });
  });

  it.each([
    ['close', false],
    ['Close', false],
    ['keep-alive, CLOSE', false],
    ['x-a', true],
    ['closed', true],
    [', keep-alive ,', true],
  ])('keeps the connection after Connection: %s: %s', (value, keepsAlive) => {
    expect(headOf(get('/', 'Host: a', `Connection: ${value}`)).keepsAlive).toBe(keepsAlive);
  });

  it('makes a length canonical that has leading zeros', () => {
    const head = headOf(post('content-length:\t 010'));
    expect(head.framing).toEqual({ kind: 'length', bytes: 10 });
    expect(head.headers).toEqual(['Host', 'a', 'content-length', '10']);
    expect(headOf(post('Content-Length: 0')).framing).toEqual({ kind: 'length', bytes: 0 });
  });

  it('knows the chunked coding in any case', () => {
    expect(headOf(post('TRANSFER-ENCODING: Chunked')).framing).toEqual({ kind: 'chunked' });
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'QUERY'])('lets %s have a body', (method) => {
    const text = `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n`;
    expect(headOf(text).framing).toEqual({ kind: 'length', bytes: 5 });
  });

  it('expects 100 only in HTTP/1.1 and with a body', () => {
    const expectation = 'Expect: 100-Continue';
    expect(headOf(post(expectation, 'Content-Length: 3')).expectsContinue).toBe(true);
    expect(headOf(post(expectation, 'Transfer-Encoding: chunked')).expectsContinue).toBe(true);
    expect(headOf(post(expectation, 'Content-Length: 0')).expectsContinue).toBe(false);
    expect(headOf(get('/', 'Host: a', expectation)).expectsContinue).toBe(false);
    const old = 'POST / HTTP/1.0\r\nExpect: y\r\nContent-Length: 3\r\n\r\n';
    expect(headOf(old).expectsContinue).toBe(false);
  });

  it('switches only where Connection says so, in HTTP/1.1, without a body, never to HTTP/2', () => {
    const upgrade = 'Upgrade: websocket';
    const connection = 'Connection: keep-alive, Upgrade';
    expect(headOf(get('/', 'Host: a', upgrade, connection)).isUpgrade).toBe(true);
    expect(headOf(get('/', 'Host: a', upgrade)).isUpgrade).toBe(false);
    expect(headOf(get('/', 'Host: a', connection)).isUpgrade).toBe(false);
    expect(headOf(post(upgrade, connection, 'Content-Length: 1')).isUpgrade).toBe(false);
    expect(headOf(`GET / HTTP/1.0\r\n${upgrade}\r\n${connection}\r\n\r\n`).isUpgrade).toBe(false);
    expect(headOf(get('/', 'Host: a', 'Upgrade: a, h2c', connection)).isUpgrade).toBe(false);
    expect(headOf(get('/', 'Host: a', 'Upgrade: h2c2', connection)).isUpgrade).toBe(true);
  });

  it('knows who takes trailers', () => {
    expect(headOf(get('/', 'Host: a', 'TE: gzip, Trailers')).takesTrailers).toBe(true);
    expect(headOf(get('/', 'Host: a', 'TE: gzip')).takesTrailers).toBe(false);
  });
});

describe('a request head that two readers could take for different requests', () => {
  it.each([
    ['two lengths', post('Content-Length: 1', 'Content-Length: 2')],
    ['two equal lengths', post('Content-Length: 1', 'content-length: 1')],
    ['a list of lengths', post('Content-Length: 1, 1')],
    ['length and coding', post('Content-Length: 1', 'Transfer-Encoding: chunked')],
    ['coding and length', post('Transfer-Encoding: chunked', 'Content-Length: 0')],
    ...['+1', '-1', '0x1', '1_0', '1 0', '', '1\xa0', '18446744073709551617', '1.0'].map(
      (value): [string, string] => [
        `the length ${JSON.stringify(value)}`,
        post(`Content-Length: ${value}`),
      ],
    ),
    ...[
      ',chunked',
      'chunked,',
      '',
      'chunked, chunked',
      'chunked, gzip',
      '"chunked"',
      'chunked;a=b',
      '\xa0chunked',
    ].map((value): [string, string] => [
      `the coding ${JSON.stringify(value)}`,
      post(`Transfer-Encoding: ${value}`),
    ]),
    ['two codings', post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['an empty coding with a length', post('Transfer-Encoding:', 'Content-Length: 1')],
    ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('refuses %s', (_, text) => expect(refusal(text)).toEqual([400, 'framing']));

  it.each(['gzip, chunked', 'xchunked', 'identity', 'gzip'])(
    'does not undo the coding %s',
    (value) => {
      expect(refusal(post(`Transfer-Encoding: ${value}`))).toEqual([501, 'coding']);
    },
  );

  it.each(['9007199254740993', '1000001', '18446744073709549568'])(
    'refuses a body of %s bytes at once',
    (value) => {
      expect(refusal(post(`Content-Length: ${value}`))).toEqual([413, 'body-too-large']);
    },
  );

  it.each(['Content_Length: 1', 'transfer_encoding: chunked', 'CONTENT_LENGTH: 1'])(
    'refuses %s',
    (line) => {
      expect(refusal(post(line))).toEqual([400, 'header']);
    },
  );

  it.each([
    'X-A: b\r\n folded',
    'Transfer-Encoding:\r\n chunked',
    'X-A: b\n',
    'X-A: b\rc',
    'X-A: b\0',
    'X-A: \x01b',
    'X-A: b\x7f',
    'Transfer-Encoding:\vchunked',
    ': empty',
    'no colon',
    'X[A]: b',
    'X\x85: b',
    'X-A : b',
    'X-A\t: b',
  ])('refuses the field %j', (line) => {
    expect(refusal(post(line))).toEqual([400, 'header']);
    expect(refusal(post('X-First: a', line, 'X-Last: b'))).toEqual([400, 'header']);
  });

  it('refuses a blank before the first field, and lines that do not end with CRLF', () => {
    expect(refusal('GET / HTTP/1.1\r\n Host: a\r\n\r\n')).toEqual([400, 'header']);
    expect(refusal('GET / HTTP/1.1\r\nHost: a\n\n')).toEqual([400, 'header']);
    expect(refusal('GET / HTTP/1.1\r\nHost: a\r\n\n')).toEqual([400, 'header']);
    expect(refusal('GET / HTTP/1.1\r\nHost: a\r\n\rx')).toEqual([400, 'header']);
    expect(refusal('GET / HTTP/1.1\nHost: a\r\n\r\n')[0]).toBe(400);
    expect(refusal('GET / HTTP/1.1\rHost: a\r\r')[0]).toBe(400);
  });

  it.each([
    [],
    ['Host: a', 'Host: b'],
    ['Host: a', 'host: a'],
    ...[
      '',
      'u@a',
      'a/b',
      'a, b',
      'a,b',
      'a b',
      'a:99999',
      'a:b',
      '[::1',
      'a%2',
      'a?b',
      'a#b',
      '\xe9',
    ].map((host) => [`Host: ${host}`]),
  ])('refuses the hosts %j %j', (...lines) => {
    expect(refusal(get('/', ...lines))).toEqual([400, 'host']);
  });

  it('wants a Host of HTTP/1.1 even beside an absolute target', () => {
    expect(refusal(get('http://b/'))).toEqual([400, 'host']);
  });

  it.each([
    '*',
    'a:80',
    '/a#b',
    '\\x',
    '/a\tb',
    '/a\xff',
    '/a\x7f',
    'ftp://b/x',
    'http:/b',
    'http:///x',
    'http://u@b/x',
    'http://b:99999/',
    'http://169.254.169.254/latest',
    'http://[fe80::1]/x',
    'http://10.0.0.1:8080/x',
    'file:///etc/passwd',
  ])('refuses the target %j', (target) => {
    expect(refusal(get(target, 'Host: a'))).toEqual([400, 'target']);
  });

  it.each([
    'Host',
    'content-length',
    'Transfer-Encoding',
    'authorization',
    'cookie',
    'x-forwarded-for',
    'via',
    'crossfade-mirror',
  ])('refuses that Connection nominates %s', (name) => {
    const text = get('/', 'Host: a', `Connection: close, ${name}`);
    expect(refusal(text)).toEqual([400, 'connection-field']);
  });

  it('refuses a Connection that is no list of tokens', () => {
    expect(refusal(get('/', 'Host: a', 'Connection: close x'))).toEqual([400, 'header']);
  });
});
