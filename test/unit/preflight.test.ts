import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { RawHeaders } from '../../src/model/exchange.ts';
import { readHead, toAnswer } from '../../src/preflight/answer-reader.ts';
import { type Ask, createEnds } from '../../src/preflight/ends.ts';
import { judgeReceptions } from '../../src/preflight/exchanges.ts';
import { PROBES } from '../../src/preflight/probes.ts';
import { type Heard, RawClient, type Silence } from '../../src/preflight/raw-client.ts';
import { dangerousWord, signsOf } from '../../src/preflight/repeats.ts';
import { takeSample, templateOf } from '../../src/preflight/sample.ts';
import { judgeSizes, withHeadOf, withTargetOf } from '../../src/preflight/sizes.ts';
import { judgeSilences } from '../../src/preflight/time-limits.ts';
import { testRoute, testSettings } from '../support/proxy.ts';

const ASK: Ask = { method: 'GET', target: '/page?x=1', headers: ['Accept', '*/*'], host: null };

function heard(status: number, body = '', headers: RawHeaders = []): Heard {
  const answer = { status, reason: '', headers, body: Buffer.from(body), keepsAlive: true };
  return { kind: 'answered', answer, tookMs: 1 };
}

const SILENT: Heard = { kind: 'silent', why: 'ECONNRESET', tookMs: 1 };

function change(before: string, after: string): string {
  return signsOf(heard(200, before), heard(200, after)).change;
}

describe('two answers to the same request', () => {
  test('that are the same say nothing', () => {
    const page = heard(200, '{"count":1}', ['ETag', '"abc"']);
    expect(signsOf(page, page)).toEqual({ tokens: [], secondRefused: '', change: '' });
  });

  test.each([
    [
      '{"hits":7,"ok":true}',
      '{"hits":8,"ok":true}',
      'asked twice, a count of "hits" went from 7 to 8',
    ],
    ['{"version":8}', '{"version":7}', 'asked twice, a value of "version" differs'],
    ['<p>one', '<p>one more', 'asked twice, it answers with another body'],
  ])('%j then %j show a change', (before, after, expected) => {
    expect(change(before, after)).toBe(expected);
  });

  test.each([
    ['{"at":"2026-01-05T08:59:23.371Z"}', '{"at":"2026-01-05T08:59:24.001Z"}'],
    ['at 08:59:23', 'at 08:59:24'],
    ['{"now":1767603563371}', '{"now":1767603563990}'],
    ['{"now":1767603563}', '{"now":1767603564}'],
  ])('%j then %j differ by the time of day alone', (before, after) => {
    expect(change(before, after)).toBe('');
  });

  test('show a cookie that is set', () => {
    const page = heard(200, 'x', ['Set-Cookie', 'seen=1; Path=/']);
    expect(signsOf(page, page)).toMatchObject({ tokens: [], change: 'it sets a cookie (seen)' });
  });

  test.each([
    [
      ['Set-Cookie', 'sid=8f3a9c1e77d2b4a6; Path=/'],
      ['Set-Cookie', 'sid=11aa9c1e77d2b4a6'],
      'Set-Cookie sid',
    ],
    [['X-CSRF-Token', '8f3a9c1e77d2b4a6'], ['X-CSRF-Token', '9f3a9c1e77d2b4a6'], 'X-CSRF-Token'],
    [['ETag', '"8f3a9"'], ['ETag', '"9f3a9"'], 'ETag'],
  ])('%j then %j give a token each time', (before, after, where) => {
    expect(signsOf(heard(200, '', before), heard(200, '', after)).tokens).toEqual([where]);
  });

  test('give a token within a form', () => {
    const form = (token: string): Heard => heard(200, `<input name="csrf" value="${token}">`);
    const signs = signsOf(form('8f3a9c1e77d2b4a6'), form('9f3a9c1e77d2b4a6'));
    expect(signs).toEqual({ tokens: ['body: csrf'], secondRefused: '', change: '' });
  });

  test('of which the second is refused cannot be repeated', () => {
    expect(signsOf(heard(200), heard(410)).secondRefused).toBe('410 after 200');
  });

  test.each([
    [heard(404), heard(404, 'x')],
    [SILENT, heard(200)],
    [heard(200), SILENT],
  ])('say nothing where one was no answer', (first, second) => {
    expect(signsOf(first, second)).toEqual({ tokens: [], secondRefused: '', change: '' });
  });
});

describe('a path', () => {
  test.each([
    ['/account/logout', 'logout'],
    ['/account/log-out?now', 'logout'],
    ['/mail/unsubscribe/abc', 'unsubscribe'],
    ['/v1/users/7/delete', 'delete'],
    ['/v1/deleted-users', null],
    ['/search?q=delete', null],
  ])('%s is as dangerous as its words: %s', (target, word) => {
    expect(dangerousWord(target)).toBe(word);
  });

  test.each([
    ['/v1/users/1234/x?y=1', '/v1/users/:id/x'],
    ['/v1/users/0b8cf1a2-77aa/x', '/v1/users/:id/x'],
    ['/v1/read-states/query', '/v1/read-states/query'],
  ])('%s belongs to %s', (target, template) => {
    expect(templateOf(target)).toBe(template);
  });
});

describe('the sample', () => {
  const settings = testSettings('http://legacy.test', 'http://candidate.test', {
    routes: [testRoute('GET /status'), testRoute('GET /u/:user/x'), testRoute('POST /write')],
  });
  const sample = (targets: readonly string[], max = 50) =>
    takeSample({ settings, recording: null, targets, headers: ['X-Key', 'k'], max });

  test('has what was given, and what is declared without a parameter', async () => {
    const routes = await sample(['/u/1/x', '/u/2/x', '/u/1/x', '/logout']);
    expect(routes.map(({ route, asks }) => [route, asks.map(({ target }) => target)])).toEqual([
      ['GET /u/:user/x', ['/u/1/x', '/u/2/x']],
      ['GET /logout', []],
      ['GET /status', ['/status']],
      ['POST /write', []],
    ]);
    expect(routes[0]).toMatchObject({ isKeyed: true, isDeclared: true, kind: 'safe' });
    expect(routes[0]!.asks[0]!.headers).toEqual(['X-Key', 'k']);
  });

  test('asks each route once before any twice', async () => {
    const routes = await sample(['/u/1/x', '/u/2/x', '/u/3/x', '/a'], 4);
    expect(routes.map(({ asks }) => asks.length)).toEqual([2, 1, 1, 0]);
  });
});

describe('the same request to all ends', () => {
  const judge = (legacy: Heard, proxy: Heard, candidate: Heard) =>
    judgeReceptions({ legacy, proxy, candidate }, 'GET /x').map(({ group, what }) => [group, what]);

  test('differs where only the proxy refuses it', () => {
    expect(judge(heard(200), heard(400), heard(200))).toEqual([
      ['proxy', 'legacy takes it (200), the proxy refuses it (400)'],
    ]);
  });

  test('differs where only one side gives no answer', () => {
    expect(judge(heard(200), heard(200), SILENT)).toEqual([
      ['side', 'legacy takes it (200), the candidate gives no answer (ECONNRESET)'],
    ]);
  });

  test('is the same where both sides refuse it, each with a status of its own', () => {
    expect(judge(heard(400), heard(400), heard(422))).toEqual([]);
  });

  test('is the same where one redirects and one answers', () => {
    expect(judge(heard(301), heard(301), heard(200))).toEqual([]);
  });
});

describe('a request', () => {
  const settings = testSettings('http://legacy.test/old', 'https://candidate.test:8443', {});
  const ends = createEnds(
    {
      ...settings,
      candidate: {
        ...settings.candidate,
        host: 'rewrite',
        setHeaders: ['X-Key', 'own'],
        removeHeaders: ['cookie'],
      },
    },
    8080,
  );
  const ask: Ask = { ...ASK, headers: ['Cookie', 'a=1', 'x-key', 'theirs', 'Accept', '*/*'] };

  test("has each side's prefix, Host and fields, as the proxy would send it", () => {
    expect(ends.legacy.compose(ask).toString()).toBe(
      'GET /old/page?x=1 HTTP/1.1\r\nHost: legacy.test\r\nCookie: a=1\r\nx-key: theirs\r\n' +
        'Accept: */*\r\nConnection: close\r\n\r\n',
    );
    expect(ends.candidate.compose(ask).toString()).toBe(
      'GET /page?x=1 HTTP/1.1\r\nHost: candidate.test:8443\r\nAccept: */*\r\nX-Key: own\r\n' +
        'Connection: close\r\n\r\n',
    );
    expect(ends.candidate.address).toMatchObject({ host: 'candidate.test', port: 8443 });
  });

  test("to the proxy is the client's own", () => {
    expect(ends.proxy.compose({ ...ask, host: 'shop.test' }).toString()).toBe(
      'GET /page?x=1 HTTP/1.1\r\nHost: shop.test\r\nCookie: a=1\r\nx-key: theirs\r\n' +
        'Accept: */*\r\nConnection: close\r\n\r\n',
    );
  });
});

describe('sizes', () => {
  const settings = testSettings('http://legacy.test/prefix', 'http://candidate.test');
  const ends = createEnds(settings, 1);

  test.each(['legacy', 'proxy', 'candidate'] as const)('are exact on the wire to %s', (name) => {
    expect(withHeadOf(ends[name], ASK, 5000)).toHaveLength(5000);
    const target = withTargetOf(ends[name], ASK, 5000).toString('latin1').split(' ')[1]!;
    expect(target).toHaveLength(5000);
  });

  test('differ beyond what the proxy adds for its own hop', () => {
    const size = (bytes: number) =>
      ({ bytes, bound: 'exact', refusal: '431', isRefusedByProxy: true }) as const;
    const judge = (legacy: number, proxy: number, candidate: number) =>
      judgeSizes(
        {
          head: { legacy: size(legacy), proxy: size(proxy), candidate: size(candidate) },
          target: { legacy: size(1024), proxy: size(1024), candidate: size(1024) },
        },
        32_768,
      ).map(({ group }) => group);
    expect(judge(8192, 7800, 8192)).toEqual([]);
    expect(judge(8192, 6000, 8192)).toEqual(['proxy']);
    expect(judge(8192, 8192, 4096)).toEqual(['sizes']);
    expect(judge(4096, 4096, 8192)).toEqual(['sizes']);
  });
});

describe('time limits', () => {
  const kept = (closedAfterMs: number | null): Silence => ({ closedAfterMs, promisedSec: null });
  const judge = (legacy: Silence, proxy: Silence, candidate: Silence) =>
    judgeSilences({
      idle: { legacy, proxy, candidate },
      head: { legacy: kept(null), proxy: kept(null), candidate: kept(null) },
      waitedMs: 10_000,
    }).map(({ isDifference, what }) => `${isDifference}: ${what.split(' ').slice(0, 5).join(' ')}`);

  test('differ where the proxy closes before legacy does', () => {
    expect(judge(kept(null), kept(5000), kept(null))).toEqual(['true: the proxy closes an idle']);
  });

  test('do not where it keeps connections longer', () => {
    expect(judge(kept(5000), kept(null), kept(5100))).toEqual([]);
  });

  test('tell of a side that keeps none', () => {
    expect(judge(kept(null), kept(null), kept(4))).toEqual([
      'false: an idle connection is closed',
      'false: the candidate closes its connection',
    ]);
  });
});

describe('an answer on the wire', () => {
  test.each([
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\nbody', 200],
    ['HTTP/1.0 404 \r\nA: 1\r\n\r\nbody', 404],
    ['HTTP/1.1 204\nA: 1\n\nbody', 204],
  ])('%j is read as %i', (text, status) => {
    const bytes = Buffer.from(text);
    const head = readHead(bytes);
    if (head === null || head === 'malformed') throw new Error('not read');
    expect(head.status).toBe(status);
    expect(toAnswer(head, bytes)).toMatchObject({ headers: ['A', '1'], body: Buffer.from('body') });
  });

  test('is put together from its chunks', () => {
    const bytes = Buffer.from(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n',
    );
    const head = readHead(bytes);
    if (head === null || head === 'malformed') throw new Error('not read');
    expect(toAnswer(head, bytes).body.toString()).toBe('abcde');
  });

  test('is none before its head is whole, and never if it is no HTTP', () => {
    expect(readHead(Buffer.from('HTTP/1.1 200 OK\r\nA:'))).toBe(null);
    expect(readHead(Buffer.from('SSH-2.0-x\r\n'))).toBe('malformed');
  });
});

describe('the raw client', () => {
  const servers: { close(): void }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(answer: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      answer(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  const client = new RawClient(5000);
  const request = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');

  test('reads an answer that comes in pieces, and no further', async () => {
    const port = await listen((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Le');
      setImmediate(() => socket.write('ngth: 4\r\n\r\nbo'));
      socket.on('data', () => setImmediate(() => socket.write('dy')));
    });
    const got = await client.ask({ host: '127.0.0.1', port, tls: null }, request);
    if (got.kind !== 'answered') throw new Error(got.why);
    expect(got.answer.body.toString()).toBe('body');
  });

  test('says why where no answer comes', async () => {
    const port = await listen((socket) => socket.end());
    const got = await client.ask({ host: '127.0.0.1', port, tls: null }, request);
    expect(got).toMatchObject({ kind: 'silent', why: 'the connection was closed' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'FOO', 'get', ''])(
    'never sends the method "%s"',
    (method) => {
      const bytes = Buffer.from(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
      const to = { host: '127.0.0.1', port: 1, tls: null };
      expect(() => client.ask(to, bytes)).toThrow(/would have sent/);
      expect(() => client.silence(to, bytes, false, 1)).toThrow(/would have sent/);
    },
  );

  test('takes every probe for safe, at every end', () => {
    const ends = createEnds(testSettings('http://legacy.test', 'http://candidate.test'), 1);
    for (const { bytes, name } of PROBES) {
      for (const end of Object.values(ends)) {
        const text = bytes(end, ASK).toString('latin1');
        expect(text, name).toMatch(/^\s*(GET|HEAD|OPTIONS|TRACE|PROPFIND|REPORT|SEARCH|QUERY) /);
      }
    }
  });
});
