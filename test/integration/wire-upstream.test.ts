/** How requests reach a side: connections, their limits, failures, ends. */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kit/clock.ts';
import { closePools, openPool, post, send, until } from '../support/legs.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';
import { type RawSide, startRawSide, turn } from '../support/wire.ts';
import { freePort } from '../support/free-port.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const sides: RawSide[] = [];
afterEach(async () => {
  await closePools();
  for (const side of sides.splice(0)) await side.close();
});

async function start(accept: (socket: Socket) => void): Promise<RawSide> {
  const side = await startRawSide(accept);
  sides.push(side);
  return side;
}

/** A side that answers each segment with this text. */
function answering(text: string): Promise<RawSide> {
  return start((socket) => socket.on('data', () => void socket.write(text, 'latin1')));
}

/** A side that only writes down what it reads. */
async function listening(): Promise<{ side: RawSide; segments: Buffer[]; sockets: Socket[] }> {
  const segments: Buffer[] = [];
  const sockets: Socket[] = [];
  const side = await start((socket) => {
    sockets.push(socket);
    socket.on('data', (bytes: Buffer) => segments.push(bytes));
  });
  return { side, segments, sockets };
}

describe('a request', () => {
  it('is sent as it is, behind the path of the URL, head and body in one segment', async () => {
    const { side, segments } = await listening();
    const pool = openPool(`${side.url}/base`);
    send(pool, { ...post('x\xe9'), target: '//a/%2e?q=1' });
    await until(() => segments.length > 0);
    expect(segments.map((bytes) => bytes.toString('latin1'))).toEqual([
      'POST /base//a/%2e?q=1 HTTP/1.1\r\nHost: side.test\r\nContent-Length: 2\r\n\r\nx\xe9',
    ]);
  });

  it('tells when it was written, and what was written with it', async () => {
    const side = await answering(OK);
    let nowUs = 0;
    const clock = { ...systemClock, nowUs: () => (nowUs += 1) };
    const pools = [openPool(side.url, { clock }), openPool(side.url, { clock })];
    await Promise.all(pools.map((pool) => send(pool).ended));
    const together = pools.map((pool) => send(pool));
    const waiting = send(pools[0]!);
    await Promise.all([...together, waiting].map(({ ended }) => ended));
    const [first, second] = together.map(({ leg }) => leg);
    expect(second!.burst).toBe(first!.burst);
    expect(second!.sentUs).toBeGreaterThan(first!.sentUs);
    expect(first!.sentUs).toBeGreaterThan(second!.startedUs);
    expect(waiting.leg.burst).toBeGreaterThan(first!.burst);
  });

  it.each([
    ['OPTIONS', { target: '*' }, 'OPTIONS * HTTP/1.1\r\nHost: side.test\r\n\r\n'],
    [
      'trailers',
      { takesTrailers: true },
      'GET /base/ HTTP/1.1\r\nHost: side.test\r\nConnection: TE\r\nTE: trailers\r\n\r\n',
    ],
    [
      'an upgrade',
      { upgrade: 'websocket' },
      'GET /base/ HTTP/1.1\r\nHost: side.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    [
      'a body of unknown length',
      { method: 'PUT', body: Buffer.from('abc') },
      [
        'PUT /base/ HTTP/1.1\r\nHost: side.test\r\nTransfer-Encoding: chunked\r\n\r\n',
        '3\r\nabc\r\n0\r\n\r\n',
      ].join(''),
    ],
  ])('with %s says what it must and nothing else', async (name, request, expected) => {
    const { side, segments } = await listening();
    send(openPool(`${side.url}/base`), {
      ...request,
      method: name === 'OPTIONS' ? 'OPTIONS' : 'method' in request ? request.method : 'GET',
    });
    await until(() => segments.length > 0);
    expect(Buffer.concat(segments).toString('latin1')).toBe(expected);
  });

  it.each([
    ['a target with a blank', { target: '/a b' }],
    ['a target with a line end', { target: '/a\r\nX: y' }],
    ['no target', { target: '' }],
    ['a value with a line end', { headers: ['Host', 'a\r\nX: y'] }],
    ['a value with a NUL', { headers: ['Host', 'a\0'] }],
    [
      'a value whose chars would lose bits and end the line',
      { headers: ['Host', 'a\u010d\u010a'] },
    ],
    ['a name with a colon', { headers: ['Host: a', 'b'] }],
    ['a method with a blank', { method: 'GET /x HTTP/1.1' }],
  ])('with %s is never sent', async (_name, request) => {
    const { side, segments } = await listening();
    const pool = openPool(side.url);
    const refused = send(pool, request);
    expect(refused.told).toEqual([]);
    expect(await refused.ended).toMatchObject({ outcome: 'aborted', isSent: false });
    expect(refused.leg.failure).toMatch(/cannot be sent/);
    send(pool);
    await until(() => segments.length > 0);
    expect(segments).toHaveLength(1);
    expect(side.connectionCount).toBe(1);
  });
});

describe('a pool', () => {
  it('uses a connection again, and says so', async () => {
    const side = await answering(OK);
    const pool = openPool(side.url);
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered', isReused: false });
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered', isReused: true });
    expect(side.connectionCount).toBe(1);
  });

  it('opens no more connections than it may; the others wait in order', async () => {
    const held: Socket[] = [];
    const seen: string[] = [];
    const side = await start((socket) =>
      socket.on('data', (bytes: Buffer) => {
        seen.push(bytes.toString().split(' ')[1]!);
        held.push(socket);
      }),
    );
    const pool = openPool(side.url, { connectionsMax: 2 });
    const legs = ['/1', '/2', '/3', '/4', '/5'].map((target) => send(pool, { target }));
    for (let answered = 0; answered < legs.length; answered += 1) {
      await until(() => held.length > 0);
      held.shift()!.write(OK);
    }
    await Promise.all(legs.map((each) => each.ended));
    expect(side.connectionCount).toBe(2);
    expect(seen.toSorted()).toEqual(['/1', '/2', '/3', '/4', '/5']);
    expect(seen.slice(2)).toEqual(['/3', '/4', '/5']);
  });

  it('makes so many connections at once, and more while requests still wait', async () => {
    const { side, segments, sockets } = await listening();
    const pool = openPool(side.url, { attemptsMax: 3 });
    const legs = Array.from({ length: 7 }, () => send(pool));
    await until(() => pool.connectionCount > 0);
    expect(pool.connectionCount).toBe(3);
    await until(() => segments.length === 7);
    expect(side.connectionCount).toBe(7);
    for (const socket of sockets) socket.write(OK);
    for (const { ended } of legs) expect(await ended).toMatchObject({ outcome: 'answered' });
  });

  it('gives up who waits too long, be it for a connection or for an answer', async () => {
    const clock = createSimulatedClock();
    const { side, segments } = await listening();
    const pool = openPool(side.url, { connectionsMax: 1, clock });
    const first = send(pool, {}, { timeoutMs: 300 });
    await until(() => segments.length > 0);
    const waiting = send(pool, {}, { timeoutMs: 100 });
    const extended = send(pool, {}, { timeoutMs: 100 });
    extended.leg.extend(Infinity);
    clock.advance(99);
    expect(waiting.leg.outcome).toBeNull();
    clock.advance(50);
    expect(await waiting.ended).toMatchObject({ outcome: 'timeout', isSent: false });
    expect(first.leg.outcome).toBeNull();
    clock.advance(200);
    expect(await first.ended).toMatchObject({ outcome: 'timeout', isSent: true });
    await until(() => segments.length > 1);
    clock.advance(100_000);
    expect(extended.leg.outcome).toBeNull();
  });

  it('refuses more waiting requests than it has room for', async () => {
    const { side } = await listening();
    const pool = openPool(side.url, { connectionsMax: 1 });
    const legs = Array.from({ length: 2100 }, () => send(pool));
    const refused = await legs.at(-1)!.ended;
    expect(refused).toMatchObject({ outcome: 'refused', isSent: false });
    expect(refused.failure).toMatch(/too many requests wait/);
    expect(legs[2000]!.leg.outcome).toBeNull();
  });

  it.each([
    ['by default', '', 3980, 4000],
    ['for a second less than the side says', 'Keep-Alive: timeout=3\r\n', 1980, 2000],
  ])('keeps an idle connection %s', async (_name, field, keptMs, closedMs) => {
    const clock = createSimulatedClock();
    const side = await answering(OK.replace('\r\n\r\n', `\r\n${field}\r\n`));
    const pool = openPool(side.url, { clock });
    await send(pool).ended;
    clock.advance(keptMs);
    expect(await send(pool).ended).toMatchObject({ isReused: true });
    clock.advance(closedMs);
    expect(pool.connectionCount).toBe(0);
    expect(await send(pool).ended).toMatchObject({ isReused: false });
  });

  it.each(['Keep-Alive: timeout=1\r\n', 'Connection: close\r\n'])(
    'does not keep a connection behind %j',
    async (field) => {
      const side = await answering(OK.replace('\r\n\r\n', `\r\n${field}\r\n`));
      const pool = openPool(side.url);
      await send(pool).ended;
      expect(pool.connectionCount).toBe(0);
    },
  );

  it('drops a connection that the side closes while nothing is on it', async () => {
    const side = await answering(OK);
    const pool = openPool(side.url);
    await send(pool).ended;
    for (const socket of side.sockets) socket.end();
    await until(() => pool.connectionCount === 0);
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered', isReused: false });
  });

  it('lets go of everything at once when told, and serves again afterwards', async () => {
    const { side, segments, sockets } = await listening();
    const pool = openPool(side.url, { connectionsMax: 1 });
    const sent = send(pool);
    await until(() => segments.length > 0);
    const waiting = send(pool);
    pool.release(true);
    expect(await sent.ended).toMatchObject({ outcome: 'aborted', isSent: true });
    expect(await waiting.ended).toMatchObject({ outcome: 'aborted', isSent: false });
    expect(pool.connectionCount).toBe(0);
    await until(() => sockets[0]!.readableEnded || sockets[0]!.destroyed);
    const after = send(pool);
    await until(() => sockets.length > 1);
    sockets[1]!.write(OK);
    expect(await after.ended).toMatchObject({ outcome: 'answered' });
  });

  it('connects for nobody who has been given up meanwhile', async () => {
    const { side } = await listening();
    const pool = openPool(`http://localhost:${side.port}`, { role: 'shadow' });
    const given = send(pool);
    pool.release(true);
    await given.ended;
    for (let i = 0; i < 20; i += 1) await turn();
    expect(pool.connectionCount).toBe(0);
    expect(side.connectionCount).toBe(0);
  });

  it('releases idle connections without harm to those in use', async () => {
    const { side, segments, sockets } = await listening();
    const pool = openPool(side.url);
    const [first, second] = [send(pool), send(pool)];
    await until(() => segments.length === 2);
    sockets[0]!.write(OK);
    await Promise.race([first.ended, second.ended]);
    expect(pool.connectionCount).toBe(2);
    pool.release(false);
    expect(pool.connectionCount).toBe(1);
    sockets[1]!.write(OK);
    await Promise.all([first.ended, second.ended]);
  });

  it('takes nothing more once it is closed', async () => {
    const side = await answering(OK);
    const pool = openPool(side.url);
    await send(pool).ended;
    await pool.close();
    expect(pool.connectionCount).toBe(0);
    const late = send(pool);
    expect(late.told).toEqual([]);
    expect(await late.ended).toMatchObject({ outcome: 'aborted', isSent: false });
  });
});

describe('a side that cannot be reached', () => {
  it('refuses: so is the leg, later than its dispatch', async () => {
    const pool = openPool(`http://127.0.0.1:${await freePort()}`);
    const refused = send(pool);
    expect(refused.told).toEqual([]);
    expect(await refused.ended).toMatchObject({
      outcome: 'refused',
      isSent: false,
      failure: 'it refuses connections',
    });
    expect(refused.told).toEqual(['end']);
    expect(pool.connectionCount).toBe(0);
  });

  it('is found at the second of its addresses', async () => {
    const side = await answering(OK);
    const pool = openPool(`http://localhost:${side.port}`, { role: 'shadow' });
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered' });
  });

  it('is never asked for copies where it is the proxy itself', async () => {
    const { side } = await listening();
    const forbidden = [{ host: '0.0.0.0', port: side.port }];
    const pool = openPool(side.url, { role: 'shadow', forbidden });
    const leg = await send(pool).ended;
    expect(leg).toMatchObject({ outcome: 'refused', isSent: false });
    expect(leg.failure).toMatch(/forbidden address 127\.0\.0\.1: the proxy's own/);
    expect(side.connectionCount).toBe(0);
  });
});
