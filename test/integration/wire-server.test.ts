/** The data port over real sockets: how requests are framed, and how they end. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  answer,
  bodyOf,
  closeDataPorts,
  echo,
  GET,
  openDataPort,
  PLAIN,
} from '../support/data-port.ts';

afterEach(closeDataPorts);

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('a request and its answer', () => {
  it('keeps the connection and adds a Date', async () => {
    const { client } = await openDataPort({}, echo);
    const raw = await client();
    await raw.send(GET).until((text) => text.endsWith('</a>'));
    expect(raw.text).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n' +
        'Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n</a>',
    );
    await raw.send(GET.replace('/a', '/b')).until((text) => text.endsWith('</b>'));
  });

  it('comes out the same one byte a segment', async () => {
    const { client, seen } = await openDataPort({}, (inbound) => {
      void bodyOf(inbound).then((text) => answer(inbound, `${text}!`));
    });
    const raw = await client();
    const text =
      'POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: v\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n';
    for (const char of text.slice(0, -GET.length)) {
      raw.send(char);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await raw.until((all) => all.endsWith('abcde!'));
    expect(seen).toHaveLength(1);
  });

  it('has a short body whole when the pipeline sees it', async () => {
    const bodies: Array<string | undefined> = [];
    const { client } = await openDataPort({}, (inbound) => {
      const { body } = inbound;
      bodies.push(body?.isWhole ? Buffer.concat([...body.take()]).toString() : undefined);
      echo(inbound);
    });
    const raw = await client();
    raw.send('POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
    await raw.until((text) => text.endsWith('</1>'));
    raw.send(
      'POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    );
    await raw.until((text) => text.endsWith('</2>'));
    raw.send('POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
    await raw.until((text) => text.endsWith('</3>'));
    expect(bodies).toEqual(['abc', 'x', undefined]);
  });

  it('gives a large body no faster than it is taken', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    const sent = 'x'.repeat(5_000_000);
    raw.send(`POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`);
    const inbound = await request();
    let bytes = 0;
    let isPaused = false;
    let overruns = 0;
    await new Promise<void>((resolve) => {
      inbound.body!.attach({
        chunk(part) {
          if (isPaused) overruns += 1;
          bytes += part.length;
          isPaused = true;
          setImmediate(() => {
            isPaused = false;
            inbound.body!.resume();
          });
          return false;
        },
        end: resolve,
        aborted: resolve,
      });
    });
    expect(bytes).toBe(sent.length);
    expect(overruns).toBe(0);
  });

  it('tells a client that takes no more, and when it does again', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.socket.pause();
    raw.send(GET);
    const inbound = await request();
    const chunk = Buffer.alloc(65_536, 'x');
    const chunks = 400;
    inbound.begin(200, 'OK', PLAIN, chunk.length * chunks);
    let written = 0;
    let stops = 0;
    const writeOn = (): void => {
      while (written < chunks) {
        written += 1;
        if (!inbound.write(chunk)) {
          stops += 1;
          raw.socket.resume();
          return;
        }
      }
      inbound.end();
    };
    inbound.onDrain = writeOn;
    writeOn();
    await raw.until((text) => text.length > chunk.length * chunks);
    expect(stops).toBeGreaterThan(0);
    expect(inbound.isOver).toBe(true);
  });
});

describe('requests behind one another', () => {
  it('are answered in order, the next not seen before the last is answered', async () => {
    const { client, request, seen } = await openDataPort();
    const raw = await client();
    raw.send(
      'POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab' +
        `${GET.replace('/a', '/2')}${GET.replace('/a', '/3')}`,
    );
    const first = await request();
    expect(seen).toHaveLength(1);
    answer(first, 'one');
    const second = await request();
    expect(second.head.target).toBe('/2');
    expect(seen).toHaveLength(2);
    answer(second, 'two');
    answer(await request(), 'three');
    const text = await raw.until((all) => all.endsWith('three'));
    expect(text.match(/one|two|three/g)).toEqual(['one', 'two', 'three']);
  });

  it('are all answered when the client has ended its half', async () => {
    const { client } = await openDataPort({}, (inbound) => setImmediate(echo, inbound));
    const raw = await client();
    raw.socket.end(`${GET}${GET}${GET}`);
    expect(count(await raw.ended(), '</a>')).toBe(3);
  });

  it('do not spoil a good one when they are garbage', async () => {
    const { client, request, data } = await openDataPort();
    const raw = await client();
    raw.send(`${GET}garbage\r\n\r\n`);
    answer(await request(), 'good');
    const text = await raw.ended();
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ngoodHTTP\/1\.1 400 Bad Request\r\n/);
    expect(data.rejected()).toEqual({ method: 1 });
  });

  it('are not read behind one that says close', async () => {
    const { client, seen } = await openDataPort({}, echo);
    const raw = await client();
    raw.send(`GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n${GET}`);
    const text = await raw.ended();
    expect(text).toContain('Connection: close\r\n');
    expect(text.endsWith('</a>')).toBe(true);
    expect(seen).toHaveLength(1);
  });

  it('are never read out of a body that nobody waited for', async () => {
    const { client, request, seen } = await openDataPort();
    const raw = await client();
    raw.send(`POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n`);
    const inbound = await request();
    answer(inbound, 'early');
    expect(inbound.body!.isAborted).toBe(true);
    raw.send(GET.repeat(30));
    const text = await raw.ended();
    expect(text).toContain('Connection: close\r\n');
    expect(text.endsWith('early')).toBe(true);
    expect(seen).toHaveLength(1);
  });
});

describe('Expect: 100-continue', () => {
  const HEAD = 'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n';
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

  it('is granted once, before the body, which is delivered once', async () => {
    const { client } = await openDataPort({}, (inbound) => {
      void bodyOf(inbound).then((text) => answer(inbound, `${text}!`));
    });
    const raw = await client();
    await raw.send(HEAD).until((text) => text === CONTINUE);
    const text = await raw.send('abc').until((all) => all.endsWith('abc!'));
    expect(count(text, '100 Continue')).toBe(1);
  });

  it('is not granted where the body comes unasked', async () => {
    const { client } = await openDataPort({}, echo);
    const raw = await client();
    const text = await raw.send(`${HEAD}abc`).until((all) => all.endsWith('</a>'));
    expect(text.startsWith('HTTP/1.1 200 OK')).toBe(true);
  });

  it('is not granted where the answer is there at once; the connection closes', async () => {
    const { client } = await openDataPort({}, echo);
    const raw = await client();
    const text = await raw.send(HEAD).ended();
    expect(text.startsWith('HTTP/1.1 200 OK')).toBe(true);
    expect(text).toContain('Connection: close');
  });
});

describe('a client that leaves or breaks its framing', () => {
  it('still gets the answer when it has only ended its half', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.socket.end(GET);
    const inbound = await request();
    expect(inbound.isOver).toBe(false);
    answer(inbound, 'late');
    expect((await raw.ended()).endsWith('late')).toBe(true);
  });

  it('is told of once, with its body cut, and nothing can be answered then', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc');
    const inbound = await request();
    let goneCount = 0;
    const gone = new Promise<void>((resolve) => {
      inbound.onGone = () => {
        goneCount += 1;
        resolve();
      };
    });
    const body = bodyOf(inbound);
    raw.socket.resetAndDestroy();
    await gone;
    expect(await body).toBeNull();
    expect(inbound.isOver).toBe(true);
    answer(inbound, 'too late');
    inbound.cut();
    expect(goneCount).toBe(1);
  });

  it.each([
    ['a malformed chunk', 'x\r\n', 'chunk'],
    ['a forbidden trailer', '0\r\nHost: b\r\n\r\n', 'trailer'],
  ])('gets 400 for %s as long as nothing was answered', async (_, rest, reason) => {
    const { client, request, data } = await openDataPort();
    const raw = await client();
    raw.send('POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    const inbound = await request();
    const body = bodyOf(inbound);
    let goneCount = 0;
    inbound.onGone = () => (goneCount += 1);
    const text = await raw.send(rest).ended();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('crossfade-error: rejected\r\n');
    expect(await body).toBeNull();
    expect(goneCount).toBe(1);
    expect(data.rejected()).toEqual({ [reason]: 1 });
  });

  it('is cut off for it when an answer has begun', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.send('POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    const inbound = await request();
    inbound.begin(200, 'OK', PLAIN, null);
    inbound.write(Buffer.from('part'));
    await raw.until((text) => text.includes('part'));
    const text = await raw.send('x\r\n').ended();
    expect(text).not.toContain('400');
    expect(text).not.toContain('0\r\n\r\n');
  });

  it('reads a refusal that is an answer like any other', async () => {
    const { client } = await openDataPort({}, echo);
    const raw = await client();
    expect(await raw.send('TRACE / HTTP/1.1\r\nHost: h\r\n\r\n').ended()).toBe(
      'HTTP/1.1 405 Method Not Allowed\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n' +
        'Allow: DELETE, GET, HEAD, OPTIONS, POST, PUT\r\ncrossfade-error: rejected\r\n' +
        'Content-Type: text/plain\r\nContent-Length: 44\r\nConnection: close\r\n\r\n' +
        'crossfade: CONNECT and TRACE are not served\n',
    );
  });

  it('is not seen at all when the first bytes of its body are malformed', async () => {
    const { client, seen } = await openDataPort({}, echo);
    const raw = await client();
    raw.send('POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n');
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toHaveLength(0);
  });

  it('gets 413 at once for a body beyond the limit, announced or chunked', async () => {
    const { client, data } = await openDataPort({ bodyMaxBytes: 10 }, () => undefined);
    const announced = await client();
    announced.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n');
    expect(await announced.ended()).toMatch(/^HTTP\/1\.1 413 /);
    const chunked = await client();
    chunked.send('POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    chunked.send('5\r\nhello\r\n6\r\n');
    expect(await chunked.ended()).toMatch(/^HTTP\/1\.1 413 /);
    expect(data.rejected()).toEqual({ 'body-too-large': 2 });
  });

  it('gets 400 when it ends in the middle of its body', async () => {
    const { client, request } = await openDataPort();
    const raw = await client();
    raw.socket.end('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc');
    expect((await request()).body!.isWhole).toBe(false);
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a tunnel', () => {
  it('hands over the bare connection with what was sent ahead', async () => {
    const { client, request, data } = await openDataPort();
    const raw = await client();
    raw.send(`GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nahead`);
    const inbound = await request();
    expect(inbound.head.isUpgrade).toBe(true);
    const duplex = inbound.tunnel('Switching', ['Connection', 'upgrade', 'Upgrade', 'foo']);
    duplex.pipe(duplex);
    await raw.until((text) => text.endsWith('\r\n\r\nahead'));
    await raw.send('GET / HTTP/1.1\r\n').until((text) => text.endsWith('aheadGET / HTTP/1.1\r\n'));
    expect(raw.text).toMatch(
      /^HTTP\/1\.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: foo\r\n/,
    );
    expect(data.connectionCount).toBe(1);
    data.destroyAll();
    await raw.ended();
  });
});
