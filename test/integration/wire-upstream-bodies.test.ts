/** How the bodies of requests reach a side: at its pace, and not at the price of its answer. */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { BodyPipe } from '../../src/wire/body-pipe.ts';
import { closePools, openPool, post, send, until } from '../support/legs.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';
import { type RawSide, startRawSide, turn } from '../support/wire.ts';

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

describe('a body on its way to a side', () => {
  const LENGTH = ['Host', 'side.test', 'Content-Length', '6'];

  it.each([
    ['of known length', 6, LENGTH, 'abcdef'],
    ['of unknown length', null, ['Host', 'side.test'], '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'],
  ])('%s goes on as it comes', async (_name, length, headers, expected) => {
    const { side, segments } = await listening();
    const body = new BodyPipe(length);
    body.push(Buffer.from('abc'));
    send(openPool(side.url), { method: 'POST', headers, body });
    const sent = (): string => Buffer.concat(segments).toString('latin1');
    await until(() => sent().includes('abc'));
    body.push(Buffer.from('def'));
    body.finish();
    await until(() => sent().endsWith(expected));
    expect(sent().split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(expected);
  });

  it('stops its source where the side stops reading, and is whole in the end', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    const total = chunk.length * 400;
    let received = 0;
    let socket: Socket | null = null;
    const side = await start((accepted) => {
      socket = accepted;
      accepted.pause();
      accepted.on('data', (bytes: Buffer) => {
        received += bytes.length;
      });
    });
    const body = new BodyPipe(total);
    let pushed = 0;
    const pump = (): void => {
      while (pushed < total && body.canTake) {
        pushed += chunk.length;
        body.push(chunk);
      }
      if (pushed === total && !body.isWhole) body.finish();
    };
    body.onDrain = pump;
    const headers = ['Host', 'side.test', 'Content-Length', String(total)];
    send(openPool(side.url), { method: 'POST', headers, body });
    pump();
    await until(() => socket !== null && !body.canTake);
    for (let i = 0; i < 50; i += 1) await turn();
    expect(pushed).toBeLessThan(total / 2);
    socket!.resume();
    await until(() => received > total);
    expect(body.isWhole).toBe(true);
  });

  it('ends with a side that takes nothing of it any more, whatever the deadline', async () => {
    const clock = createSimulatedClock();
    const side = await start((socket) => socket.pause());
    const body = new BodyPipe(null);
    body.onDrain = () => {
      while (body.canTake && !body.isDiscarding) body.push(Buffer.alloc(65_536));
    };
    const pool = openPool(side.url, { clock });
    const sent = send(pool, { method: 'POST', headers: ['Host', 'a'], body });
    sent.leg.extend(Infinity);
    await until(() => sent.leg.isSent && !body.canTake);
    for (let i = 0; i < 50; i += 1) await turn();
    clock.advance(LIMITS.uploadStallMs - 1000);
    expect(sent.leg.outcome).toBeNull();
    clock.advance(3000);
    const leg = await sent.ended;
    expect(leg).toMatchObject({ outcome: 'timeout', failure: 'it takes no more of the request' });
    expect(body.isDiscarding).toBe(true);
  });

  it('that is broken off ends the leg and the connection', async () => {
    const { side, segments, sockets } = await listening();
    const body = new BodyPipe(6);
    body.push(Buffer.from('abc'));
    const sent = send(openPool(side.url), { method: 'POST', headers: LENGTH, body });
    await until(() => segments.length > 0);
    body.abort();
    expect(await sent.ended).toMatchObject({ outcome: 'aborted', isSent: true });
    await until(() => sockets[0]!.readableEnded);
  });

  it('that was broken off before is not begun', async () => {
    const { side } = await listening();
    const body = new BodyPipe(6);
    body.abort();
    const sent = send(openPool(side.url), { method: 'POST', headers: LENGTH, body });
    expect(await sent.ended).toMatchObject({ outcome: 'aborted' });
    expect(sent.told).toEqual(['end']);
  });

  it('need not be sent whole to be answered; the rest is thrown away', async () => {
    const side = await answering('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n');
    const pool = openPool(side.url);
    const body = new BodyPipe(6);
    body.push(Buffer.from('abc'));
    const sent = send(pool, { method: 'POST', headers: LENGTH, body });
    expect(await sent.ended).toMatchObject({ outcome: 'answered', status: 413 });
    expect(body.isDiscarding).toBe(true);
    expect(pool.connectionCount).toBe(0);
  });

  it('fails to be written without taking along the answer that is there to be read', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    const body = new BodyPipe(chunk.length * 100);
    const side = await start((socket) => {
      socket.once('readable', () => {
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!');
        // Closed with the request unread: it is reset, and so is what is written from here on.
        socket.destroy();
        body.push(chunk);
        body.push(chunk);
      });
    });
    const headers = ['Host', 'side.test', 'Content-Length', String(chunk.length * 100)];
    body.push(chunk);
    const sent = send(openPool(side.url), { method: 'POST', headers, body });
    const leg = await sent.ended;
    expect(leg).toMatchObject({ outcome: 'answered', status: 413, bodyBytes: 3 });
    expect(body.isDiscarding).toBe(true);
  });

  it('fails to be written, and nothing is there to be read: reset', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    const body = new BodyPipe(chunk.length * 100);
    const side = await start((socket) => {
      socket.once('readable', () => {
        socket.resetAndDestroy();
        body.push(chunk);
        body.push(chunk);
      });
    });
    const headers = ['Host', 'side.test', 'Content-Length', String(chunk.length * 100)];
    body.push(chunk);
    const leg = await send(openPool(side.url), { method: 'POST', headers, body }).ended;
    expect(leg.outcome).toBe('reset');
  });

  it('that a side has not read, though it answered, keeps the connection to itself', async () => {
    const side = await start((socket) => {
      socket.once('readable', () => void socket.write(OK));
    });
    const pool = openPool(side.url);
    await send(pool, post('x'.repeat(20_000_000))).ended;
    expect(pool.connectionCount).toBe(0);
  });
});
