/** The data port over real sockets: how answers are framed. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Inbound } from '../../src/wire/inbound.ts';
import { closeDataPorts, echo, GET, openDataPort, PLAIN } from '../support/data-port.ts';

afterEach(closeDataPorts);

describe('the framing of an answer', () => {
  async function answered(
    request: string,
    respond: (inbound: Inbound) => void,
  ): Promise<{ head: string; body: string }> {
    const { client } = await openDataPort({}, respond);
    const raw = await client();
    raw.socket.end(request);
    const text = await raw.ended();
    const at = text.indexOf('\r\n\r\n');
    return { head: text.slice(0, at + 2), body: text.slice(at + 4) };
  }

  function respondInParts(inbound: Inbound): void {
    inbound.begin(200, 'OK', PLAIN, null);
    inbound.write(Buffer.from('hello '));
    inbound.write(Buffer.from('world'));
    inbound.end(['X-T', 'v']);
  }

  it('is chunked where the length is not known, without trailers nobody asked for', async () => {
    const { head, body } = await answered(GET, respondInParts);
    expect(head).toContain('Transfer-Encoding: chunked\r\n');
    expect(body).toBe('6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n');
  });

  it('has trailers where the client takes them', async () => {
    const { body } = await answered(GET.replace('Host', 'TE: trailers\r\nHost'), respondInParts);
    expect(body.endsWith('0\r\nX-T: v\r\n\r\n')).toBe(true);
  });

  it('has no trailers that may stand in a head alone', async () => {
    const { body } = await answered(GET.replace('Host', 'TE: trailers\r\nHost'), (inbound) => {
      inbound.begin(200, 'OK', PLAIN, null);
      const refused = ['Set-Cookie', 'sid=1', 'Connection', 'close', 'Crossfade-Error', 'x'];
      inbound.end([...refused, 'Grpc-Status', '0', 'Content-Length', '9', 'CACHE-CONTROL', 'a']);
    });
    expect(body).toBe('0\r\nGrpc-Status: 0\r\n\r\n');
  });

  it('ends with the connection for HTTP/1.0, in our own version', async () => {
    const text = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
    const { head, body } = await answered(text, respondInParts);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain('Connection: close\r\n');
    expect(head).not.toContain('Transfer-Encoding');
    expect(body).toBe('hello world');
  });

  it('keeps an HTTP/1.0 connection that asks for it', async () => {
    const { client } = await openDataPort({}, echo);
    const raw = await client();
    raw.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await raw.until((text) => text.endsWith('</1>'))).toContain(
      'Connection: keep-alive\r\n',
    );
    raw.send('GET /2 HTTP/1.0\r\n\r\n');
    expect(await raw.ended()).toContain('Connection: close\r\n');
  });

  it('keeps order, case and repetition, and drops fields of the connection', async () => {
    const fields = ['sEt-cookie', 'a=1', 'X-A', '\xe9', 'Set-Cookie', 'b=2', 'DATE', 'then'];
    const hop = ['Connection', 'keep-alive', 'transfer-encoding', 'chunked'];
    const { head } = await answered(GET, (inbound) => {
      inbound.answer(
        203,
        'As It Is',
        [...fields, ...hop, 'content-length', '9'],
        Buffer.from('ok'),
      );
    });
    const lines = [
      'HTTP/1.1 203 As It Is',
      'sEt-cookie: a=1',
      'X-A: \xe9',
      'Set-Cookie: b=2',
      'DATE: then',
      'content-length: 2',
      '',
    ].join('\r\n');
    // The last one stands where the client's end was seen before the answer was made.
    expect([lines, `${lines}Connection: close\r\n`]).toContain(head);
  });

  it.each([
    ['HEAD', 200, 'Content-Length: 1234\r\n'],
    ['GET', 304, 'Content-Length: 1234\r\n'],
    ['GET', 204, ''],
  ])('sends no body to %s with %d', async (method, status, length) => {
    const fields = ['Content-Length', '1234'];
    for (const isWhole of [true, false]) {
      const { head, body } = await answered(GET.replace('GET', method), (inbound) => {
        if (isWhole) inbound.answer(status, 'X', fields, Buffer.from('body'));
        else {
          inbound.begin(status, 'X', fields, 1234);
          inbound.write(Buffer.from('body'));
          inbound.end();
        }
      });
      expect(body).toBe('');
      expect(head.match(/Content-Length.*\r\n/i)?.[0] ?? '').toBe(length);
      expect(head).not.toContain('Transfer-Encoding');
    }
  });

  it('never sends more than was announced', async () => {
    const { body } = await answered(GET, (inbound) => {
      inbound.begin(200, 'OK', PLAIN, 5);
      inbound.write(Buffer.from('hel'));
      inbound.write(Buffer.from('lo and more'));
      inbound.write(Buffer.from('more'));
      inbound.end();
    });
    expect(body).toBe('hello');
  });

  it('is cut where it ends short of what was announced', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.send(GET);
    const inbound = await request();
    inbound.begin(200, 'OK', PLAIN, 5);
    inbound.write(Buffer.from('hel'));
    await raw.until((text) => text.endsWith('hel'));
    inbound.end();
    expect((await raw.ended()).endsWith('hel')).toBe(true);
    expect(inbound.isOver).toBe(true);
  });

  it('resets the connection where nothing else would tell of the cut', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.send('GET / HTTP/1.0\r\n\r\n');
    const inbound = await request();
    inbound.begin(200, 'OK', PLAIN, null);
    inbound.write(Buffer.from('part'));
    await raw.until((text) => text.endsWith('part'));
    inbound.cut();
    await raw.ended();
    expect(raw.error).toBe('ECONNRESET');
  });

  it.each([
    ['a line end in a value', 200, 'OK', ['X-A', 'b\r\nSet-Cookie: c']],
    ['a NUL in a name', 200, 'OK', ['X\0', 'b']],
    ['a line end in the reason', 200, 'OK\r\nX: y', []],
    ['an impossible status', 99, 'OK', []],
    ['an interim status', 199, 'OK', []],
    ['a status beyond three digits', 1000, 'OK', []],
  ])('is 502 of our own for %s', async (_, status, reason, fields) => {
    const { head } = await answered(GET, (inbound) => {
      inbound.answer(status, reason, fields, Buffer.from('x'));
    });
    expect(head).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\ncrossfade-error: bad-answer\r\n/);
  });

  it('relays interim answers, but not to HTTP/1.0', async () => {
    const inform = (inbound: Inbound): void => {
      inbound.inform(103, 'Early Hints', ['Link', '</x>']);
      inbound.inform(101, 'Never', []);
      echo(inbound);
    };
    const { client } = await openDataPort({}, inform);
    const raw = await client();
    const text = await raw.send(GET).until((all) => all.endsWith('</a>'));
    expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/x>\r\n\r\nHTTP\/1\.1 200 /);
    const { head } = await answered('GET / HTTP/1.0\r\n\r\n', inform);
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
  });
});
