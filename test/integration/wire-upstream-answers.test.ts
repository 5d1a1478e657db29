/** What a leg makes of the bytes a side answers with, whole and broken. */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closePools, openPool, post, type SentLeg, send, until } from '../support/legs.ts';
import { type Cut, type RawSide, segmentsOf, startRawSide, turn } from '../support/wire.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n`;

const sides: RawSide[] = [];
afterEach(async () => {
  await closePools();
  for (const side of sides.splice(0)) await side.close();
});

type End = 'open' | 'fin' | 'reset';

/** A side that answers each segment with these bytes, and then leaves the connection so. */
async function answering(text: string, end: End = 'open', cut: Cut = 'whole'): Promise<RawSide> {
  const side = await startRawSide((socket) => {
    socket.on('data', () => void answerWith(socket, text, end, cut));
  });
  sides.push(side);
  return side;
}

async function answerWith(socket: Socket, text: string, end: End, cut: Cut): Promise<void> {
  for (const segment of segmentsOf(Buffer.from(text, 'latin1'), cut)) {
    socket.write(segment);
    await turn();
  }
  if (end === 'fin') socket.end();
  if (end === 'reset') socket.resetAndDestroy();
}

interface Whole {
  readonly name: string;
  readonly text: string;
  readonly end?: End;
  readonly method?: string;
  readonly body?: string;
  readonly announced?: number | null;
  readonly trailers?: readonly string[];
  readonly informed?: readonly string[];
  readonly isKept?: boolean;
}

const WHOLE: readonly Whole[] = [
  { name: 'a length', text: `${OK}Content-Length: 5\r\n\r\nhello`, announced: 5 },
  { name: 'no body', text: `${OK}Content-Length: 0\r\n\r\n`, body: '', announced: 0 },
  {
    name: 'chunks, extensions and trailers',
    text: `${CHUNKED}\r\n2;a="b"\r\nhe\r\n003\r\nllo\r\n0\r\nX-T: 1\r\nx-t: \xe9\r\n\r\n`,
    trailers: ['X-T', '1', 'x-t', '\xe9'],
  },
  { name: 'its end, in HTTP/1.1', text: `${OK}\r\nhello`, end: 'fin', isKept: false },
  { name: 'its end, in HTTP/1.0', text: 'HTTP/1.0 200 OK\r\n\r\nhello', end: 'fin', isKept: false },
  { name: 'an end without a body', text: `${OK}\r\n`, end: 'fin', body: '', isKept: false },
  {
    name: 'a length, then closed',
    text: `${OK}Connection: close\r\nContent-Length: 5\r\n\r\nhello`,
    end: 'fin',
    announced: 5,
    isKept: false,
  },
  {
    name: 'the length of a body that HEAD does not get',
    text: `${OK}Content-Length: 5\r\n\r\n`,
    method: 'HEAD',
    body: '',
    announced: 0,
  },
  {
    name: 'chunks that HEAD does not get',
    text: `${CHUNKED}\r\n`,
    method: 'HEAD',
    body: '',
    announced: 0,
  },
  { name: '204', text: 'HTTP/1.1 204 No Content\r\n\r\n', body: '', announced: 0 },
  {
    name: '304 with a length',
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    body: '',
    announced: 0,
  },
  {
    name: 'interim answers before it',
    text: [
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
      'HTTP/1.1 102 Processing\r\n\r\n',
      `${OK}Content-Length: 5\r\n\r\nhello`,
    ].join(''),
    announced: 5,
    informed: ['103 Early Hints Link </a>', '102 Processing'],
  },
  {
    name: 'no reason and a strange status',
    text: 'HTTP/1.1 999\r\nContent-Length: 5\r\n\r\nhello',
    announced: 5,
  },
];

describe.each(['whole', 'bytes'] as const)('an answer that comes %s', (cut) => {
  it.each(WHOLE)('is whole with $name', async (answer) => {
    const { text, end = 'open', method = 'GET', body = 'hello', isKept = true } = answer;
    const side = await answering(text, end, cut);
    const pool = openPool(side.url);
    const sent = send(pool, { method });
    const leg = await sent.ended;
    expect(leg.failure).toBe('');
    expect(leg.answer()).toMatchObject({
      body: Buffer.from(body),
      bodyBytes: body.length,
      trailers: answer.trailers ?? [],
      bodyHash: null,
    });
    expect(leg.announcedBytes).toBe(answer.announced ?? null);
    expect(sent.told.filter((each) => /^\d/.test(each))).toEqual(answer.informed ?? []);
    expect(sent.told.filter((each) => each === 'head' || each === 'end')).toEqual(['head', 'end']);
    expect(pool.connectionCount).toBe(isKept ? 1 : 0);
  });

  it.each([
    ['nothing, then its end', '', 'fin', 'before its answer'],
    ['half a head, then its end', 'HTTP/1.1 200 OK\r\nA: b', 'fin', 'before its answer'],
    ['nothing, then a reset', '', 'reset', 'ECONNRESET'],
    ['too little of its length', `${OK}Content-Length: 9\r\n\r\nhello`, 'fin', 'in the middle'],
    ['no last chunk', `${CHUNKED}\r\n5\r\nhello\r\n`, 'fin', 'in the middle'],
    ['half a chunk', `${CHUNKED}\r\n9\r\nhello`, 'fin', 'in the middle'],
    ['half its trailers', `${CHUNKED}\r\n5\r\nhello\r\n0\r\nX: y\r\n`, 'fin', 'in the middle'],
    ['a reset for an end', `${OK}\r\nhello`, 'reset', 'ECONNRESET'],
    ['a chunk that is none', `${CHUNKED}\r\n5\r\nhello\r\n+1\r\nx\r\n`, 'open', 'chunks'],
    ['a chunk ended by a line feed', `${CHUNKED}\r\n5\r\nhello\n0\r\n\r\n`, 'open', 'chunks'],
    [
      'a length among its trailers',
      `${CHUNKED}\r\n5\r\nhello\r\n0\r\nContent-Length: 1\r\n\r\n`,
      'open',
      'chunks',
    ],
    ['a malformed field', `${OK}A : b\r\n\r\n`, 'open', 'a blank in or behind its name'],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n', 'open', 'does not say HTTP'],
    [
      'a switch that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'open',
      'unasked',
    ],
    ['interim answers without end', 'HTTP/1.1 102 P\r\n\r\n'.repeat(17), 'open', 'interim'],
  ] as const)('is no answer with %s', async (_name, text, end, why) => {
    const side = await answering(text, end, cut);
    const pool = openPool(side.url);
    const sent = send(pool);
    const leg = await sent.ended;
    expect(leg.outcome).toBe('reset');
    expect(leg.failure).toContain(why);
    expect(leg.answer()).toBeNull();
    expect(sent.told.at(-1)).toBe('end');
    expect(pool.connectionCount).toBe(0);
  });

  it('gives what it had given when it is cut', async () => {
    const side = await answering(`${OK}Content-Length: 9\r\n\r\nhello`, 'fin', cut);
    const leg = await send(openPool(side.url)).ended;
    expect(leg).toMatchObject({ outcome: 'reset', status: 200, bodyBytes: 5 });
    expect(leg.body().toString()).toBe('hello');
  });

  it('is too large where its head is', async () => {
    const side = await answering(`${OK}X: ${'x'.repeat(9000)}\r\n\r\n`, 'open', cut);
    expect(await send(openPool(side.url)).ended).toMatchObject({ outcome: 'too-large' });
  });
});

describe('what comes behind an answer', () => {
  it.each([
    ['a second answer', '', `${OK}Content-Length: 5\r\n\r\nwrong`],
    ['a body to HEAD', 'HEAD', 'hello'],
    ['one byte', '', '\n'],
  ])('is never read as the next: %s', async (_name, method, extra) => {
    let count = 0;
    const side = await startRawSide((socket) => {
      socket.on('data', () => {
        count += 1;
        const own = `${OK}Content-Length: 1\r\nX-Id: ${count}\r\n\r\n`;
        socket.write(`${own}${method === 'HEAD' ? '' : count}${extra}`);
      });
    });
    sides.push(side);
    const pool = openPool(side.url);
    for (const id of ['1', '2', '3']) {
      const leg = await send(pool, { method: method === '' ? 'GET' : method }).ended;
      expect(leg).toMatchObject({ outcome: 'answered', isReused: false });
      expect(leg.headers[3]).toBe(id);
    }
    expect(side.connectionCount).toBe(3);
  });

  it('ends an idle connection', async () => {
    const side = await answering(`${OK}Content-Length: 0\r\n\r\n`);
    const pool = openPool(side.url);
    await send(pool).ended;
    for (const socket of side.sockets) socket.write(`${OK}Content-Length: 5\r\n\r\nwrong`);
    await until(() => pool.connectionCount === 0);
    expect(await send(pool).ended).toMatchObject({ isReused: false, bodyBytes: 0 });
  });

  it("is nobody's where it was there before the request was written", async () => {
    const side = await answering(`${OK}Content-Length: 0\r\n\r\n`);
    const pool = openPool(side.url);
    await send(pool).ended;
    const bell = connect(side.port, '127.0.0.1');
    await until(() => side.sockets.size === 2);
    const [idle, rings] = [...side.sockets];
    // Both are read in one turn of the event loop, the bell first: the request is not out yet.
    const sent = new Promise<SentLeg>((resolve) => {
      bell.once('data', () => resolve(send(pool)));
    });
    rings!.write('x');
    idle!.write(`${OK}Content-Length: 5\r\n\r\nwrong`);
    const leg = await (await sent).ended;
    bell.destroy();
    expect(leg).toMatchObject({ outcome: 'reset', failure: 'it answered before it was asked' });
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered', isReused: false });
  });

  it('does not follow a body of 204', async () => {
    const side = await answering('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello');
    const pool = openPool(side.url);
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered', bodyBytes: 0 });
    expect(pool.connectionCount).toBe(0);
  });
});

describe('a body', () => {
  const text = 'x'.repeat(3000);
  const hash = createHash('sha256').update(text).digest('hex');
  const framed = `${CHUNKED}\r\n${'3e8\r\n'.concat('x'.repeat(1000), '\r\n').repeat(3)}0\r\n\r\n`;

  it.each([
    ['a length', `${OK}Content-Length: 3000\r\n\r\n${text}`],
    ['chunks', framed],
  ])('longer than what is kept is hashed as it passes, with %s', async (_name, bytes) => {
    const side = await answering(bytes, 'open', { at: 700 });
    const pool = openPool(side.url);
    const whole = await send(pool, {}, { captureMaxBytes: 3000 }).ended;
    expect(whole).toMatchObject({ isCaptureWhole: true, bodyHash: null, bodyBytes: 3000 });
    expect(whole.body().toString()).toBe(text);
    const hashed = await send(pool, {}, { captureMaxBytes: 2999 }).ended;
    expect(hashed).toMatchObject({ isCaptureWhole: false, bodyHash: hash, bodyBytes: 3000 });
    expect(hashed.answer()).toMatchObject({ body: Buffer.alloc(0), bodyHash: hash });
    const unhashed = await send(pool, {}, { captureMaxBytes: 0, isCompared: false }).ended;
    expect(unhashed).toMatchObject({ isCaptureWhole: false, bodyHash: null, bodyBytes: 3000 });
  });

  it('stops the side while nobody takes it, and comes whole when somebody does', async () => {
    const total = 30_000_000;
    let sent = 0;
    const side = await startRawSide((socket) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const pump = (): void => {
        while (sent < total && !socket.writableNeedDrain) {
          const part = chunk.subarray(0, Math.min(chunk.length, total - sent));
          sent += part.length;
          socket.write(part);
        }
      };
      socket.on('drain', pump);
      socket.once('data', () => {
        socket.write(`${OK}Content-Length: ${total}\r\n\r\n`);
        pump();
      });
    });
    sides.push(side);
    const pool = openPool(side.url);
    const { leg, begun, ended } = send(pool, {}, { captureMaxBytes: 0, isCompared: false });
    await begun;
    leg.pause();
    for (let i = 0; i < 200; i += 1) await turn();
    const takenWhilePaused = leg.bodyBytes;
    for (let i = 0; i < 200; i += 1) await turn();
    expect(leg.bodyBytes).toBe(takenWhilePaused);
    expect(sent).toBeLessThan(total);
    leg.resume();
    expect(await ended).toMatchObject({ outcome: 'answered', bodyBytes: total });
    // Nothing of the pause is left on the connection.
    expect(pool.connectionCount).toBe(1);
  });

  it('paused at its last byte leaves a connection that can be used', async () => {
    const side = await answering(`${OK}Content-Length: 2\r\n\r\nok`);
    const pool = openPool(side.url);
    const listener = {
      head: () => undefined,
      data: (leg: { pause(): void }) => leg.pause(),
      end: () => undefined,
    };
    const options = { timeoutMs: 5000, captureMaxBytes: 10, isCompared: false };
    const request = {
      method: 'GET',
      target: '/',
      headers: ['Host', 'a'],
      body: null,
      upgrade: null,
      takesTrailers: false,
    };
    const leg = pool.dispatch(request, options, listener);
    await until(() => leg.outcome !== null);
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered', isReused: true });
  });

  it('that nobody wants any more ends the connection', async () => {
    const side = await answering(`${OK}Content-Length: 9\r\n\r\nhello`);
    const pool = openPool(side.url);
    const sent = send(pool);
    await until(() => sent.leg.bodyBytes === 5);
    sent.leg.fail('too-large', 'longer than the live one');
    expect(sent.leg).toMatchObject({ outcome: 'too-large', failure: 'longer than the live one' });
    sent.leg.fail('reset', 'again');
    expect(sent.told.filter((each) => each === 'end')).toHaveLength(1);
    await until(() => [...side.sockets].every((socket) => socket.readableEnded));
    expect(pool.connectionCount).toBe(0);
  });
});

describe('a switch of protocols', () => {
  const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n';

  it.each(['whole', 'bytes'] as const)('hands over the bare connection (%s)', async (cut) => {
    let isSwitched = false;
    const side = await startRawSide((socket) => {
      socket.on('data', (bytes: Buffer) => {
        if (isSwitched) socket.write(`<${bytes.toString()}>`);
        else void answerWith(socket, `${SWITCHED}first`, 'open', cut);
        isSwitched = true;
      });
    });
    sides.push(side);
    const pool = openPool(side.url);
    const sent = send(pool, { upgrade: 'echo' });
    const leg = await sent.ended;
    expect(leg).toMatchObject({ outcome: 'answered', status: 101, headers: ['Upgrade', 'echo'] });
    expect(sent.told).toEqual(['switched', 'end']);
    const socket = sent.socket();
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    await until(() => text === 'first');
    for (const part of ['one', 'two']) {
      const before = text;
      socket.write(part);
      await until(() => text === `${before}<${part}>`);
    }
    pool.release(true);
    expect(socket.destroyed).toBe(false);
    for (const each of side.sockets) each.end('last');
    await until(() => socket.readableEnded);
    expect(text.endsWith('last')).toBe(true);
    socket.destroy();
  });

  it('holds the side back while nobody reads', async () => {
    const total = 30_000_000;
    const side = await startRawSide((socket) => {
      socket.once('data', () => {
        socket.write(SWITCHED);
        socket.write(Buffer.alloc(total, 'x'));
      });
    });
    sides.push(side);
    const sent = send(openPool(side.url), { upgrade: 'echo' });
    await sent.ended;
    const socket = sent.socket();
    for (let i = 0; i < 200; i += 1) await turn();
    expect(socket.readableLength).toBeLessThan(1_000_000);
    let received = 0;
    for await (const bytes of socket) {
      received += (bytes as Buffer).length;
      if (received === total) break;
    }
    expect(received).toBe(total);
  });

  it('may be declined by a common answer', async () => {
    const side = await answering(`${OK}Content-Length: 2\r\n\r\nno`);
    const pool = openPool(side.url);
    const sent = send(pool, { upgrade: 'echo' });
    expect(await sent.ended).toMatchObject({ outcome: 'answered', status: 200 });
    expect(sent.told).toEqual(['head', 'data:no', 'end']);
    expect(await send(pool, post('x')).ended).toMatchObject({ isReused: true });
  });
});
