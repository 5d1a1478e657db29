/** The data port over real sockets: how long connections may take, and how they end. */
import { afterEach, describe, expect, it } from 'vitest';
import { answer, bodyOf, closeDataPorts, echo, GET, openDataPort } from '../support/data-port.ts';

afterEach(closeDataPorts);

describe('limits of time', () => {
  it('gives 408 to a head that never ends', async () => {
    const { client, clock, data } = await openDataPort({}, echo);
    const raw = await client();
    await raw.send(`${GET}GET /slow HT`).until((text) => text.endsWith('</a>'));
    clock.advance(9000);
    raw.send('TP/1.1\r\n');
    clock.advance(2000);
    expect(await raw.ended()).toMatch(/<\/a>HTTP\/1\.1 408 /);
    expect(data.rejected()).toEqual({ 'head-timeout': 1 });
  });

  it('gives 408 to a body that falls silent, and tells the pipeline', async () => {
    const { client, clock, request, data } = await openDataPort();
    const raw = await client();
    raw.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc');
    const body = bodyOf(await request());
    clock.advance(21_000);
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 408 /);
    expect(await body).toBeNull();
    expect(data.rejected()).toEqual({ 'body-timeout': 1 });
  });

  it('never ends a request that waits for its answer', async () => {
    const { client, clock, request } = await openDataPort();
    const raw = await client();
    raw.send(GET);
    const inbound = await request();
    clock.advance(3_600_000);
    answer(inbound, 'patience');
    expect(await raw.until((text) => text.endsWith('patience'))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('closes an idle connection without a word', async () => {
    const { client, clock, data } = await openDataPort({}, echo);
    const raw = await client();
    const text = await raw.send(GET).until((all) => all.endsWith('</a>'));
    clock.advance(31_000);
    expect(await raw.ended()).toBe(text);
    expect(data.rejected()).toEqual({});
  });

  it('closes a connection that never says anything', async () => {
    const { client, clock, data } = await openDataPort();
    const raw = await client();
    while (data.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(11_000);
    expect(await raw.ended()).toBe('');
  });

  it('breaks off a client that goes on sending behind its last answer', async () => {
    const { client, clock, data } = await openDataPort({}, echo);
    const raw = await client();
    await raw.send('GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n').ended();
    raw.send('more and more');
    clock.advance(3000);
    while (data.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(raw.text.endsWith('</a>')).toBe(true);
  });
});

describe('draining', () => {
  it('answers what is under way, says close, and lets idle connections go', async () => {
    const { client, request, data, clock } = await openDataPort();
    const busy = await client();
    const idle = await client();
    idle.send(GET);
    answer(await request(), 'idle now');
    await idle.until((text) => text.endsWith('idle now'));
    busy.send(GET);
    const inbound = await request();
    data.drain();
    answer(inbound, 'last');
    const text = await busy.ended();
    expect(text).toContain('Connection: close\r\n');
    expect(text.endsWith('last')).toBe(true);
    clock.advance(1500);
    expect((await idle.ended()).endsWith('idle now')).toBe(true);
  });

  it('still answers a request that was on its way, and one that is told to close', async () => {
    const { client, data } = await openDataPort({}, echo);
    const raw = await client();
    await raw.send(GET).until((text) => text.endsWith('</a>'));
    data.drain();
    raw.send(GET.replace('/a', '/b'));
    expect((await raw.ended()).endsWith('</b>')).toBe(true);
  });
});
