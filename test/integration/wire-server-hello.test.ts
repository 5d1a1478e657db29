/** What comes before the first request of a connection: the PROXY protocol and TLS. */
import { readFileSync } from 'node:fs';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { TlsListenSettings } from '../../src/model/settings.ts';
import { answer, closeDataPorts, echo, GET, openDataPort, PORT } from '../support/data-port.ts';
import { connectRaw, RawClient } from '../support/raw-client.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/tls/', import.meta.url));
const TLS: TlsListenSettings = {
  certPath: `${FIXTURES}server.pem`,
  keyPath: `${FIXTURES}server-key.pem`,
  clientCaPath: null,
  validFromMs: 0,
  validUntilMs: 0,
};
const MUTUAL: TlsListenSettings = { ...TLS, clientCaPath: `${FIXTURES}ca.pem` };
const FROM = 'PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n';

const sockets: TLSSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  closeDataPorts();
});

/** Agrees on TLS over a new connection, or over one that is there. */
function secured(options: ConnectionOptions): Promise<TLSSocket> {
  const ca = readFileSync(`${FIXTURES}ca.pem`);
  const socket = connect({ host: '127.0.0.1', servername: 'server.test', ca, ...options });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

function withCertificate(port: number): ConnectionOptions {
  return {
    port,
    cert: readFileSync(`${FIXTURES}client.pem`),
    key: readFileSync(`${FIXTURES}client-key.pem`),
  };
}

describe('the PROXY protocol', () => {
  it('names the client, whole or byte by byte, and is followed by requests', async () => {
    const { client, request } = await openDataPort({ hasProxyProtocol: true });
    const whole = await client();
    whole.send(`${FROM}${GET}`);
    const first = await request();
    expect(first.peer).toEqual({ address: '192.0.2.1', hop: '127.0.0.1', isTls: false });
    answer(first, 'one');
    await whole.until((text) => text.endsWith('one'));
    whole.send(GET);
    expect((await request()).peer.address).toBe('192.0.2.1');
    const split = await client();
    for (const char of `${FROM}${GET}`) {
      split.send(char);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect((await request()).peer.address).toBe('192.0.2.1');
  });

  it('is taken from listed hops alone, where some are listed, as of the last reload', async () => {
    const trustedHops = ['10.0.0.1'];
    const settings = { hasProxyProtocol: true, trustedHops };
    const { client, data, seen, request } = await openDataPort(settings);
    const stranger = await client();
    expect(await stranger.send(`PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${GET}`).ended()).toBe('');
    expect(seen).toEqual([]);
    expect(data.rejected()).toEqual({ 'proxy-protocol': 1 });
    data.reload({ ...PORT, ...settings, trustedHops: ['127.0.0.0/8'] });
    (await client()).send(`${FROM}${GET}`);
    expect((await request()).peer.address).toBe('192.0.2.1');
  });

  it('leaves the connection its own address for LOCAL and UNKNOWN', async () => {
    const { client, request } = await openDataPort({ hasProxyProtocol: true });
    const unknown = await client();
    unknown.send(`PROXY UNKNOWN\r\n${GET}`);
    expect((await request()).peer.address).toBe('127.0.0.1');
    const local = await client();
    local.send(`\r\n\r\n\0\r\nQUIT\n\x20\0\0\0${GET}`);
    expect((await request()).peer.address).toBe('127.0.0.1');
  });

  it.each([
    ['a request without it', GET],
    ['a malformed one', 'PROXY TCP4 192.0.2.1\r\n'],
  ])('closes without a word, and counts, for %s', async (_, text) => {
    const { client, data, seen } = await openDataPort({ hasProxyProtocol: true }, echo);
    const raw = await client();
    expect(await raw.send(text).ended()).toBe('');
    expect(data.rejected()).toEqual({ 'proxy-protocol': 1 });
    expect(seen).toHaveLength(0);
  });

  it('does not wait for ever', async () => {
    const { client, data, clock } = await openDataPort({ hasProxyProtocol: true });
    const raw = await client();
    while (data.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(PORT.headTimeoutMs + 1000);
    expect(await raw.ended()).toBe('');
    expect(data.rejected()).toEqual({ 'proxy-protocol': 1 });
  });
});

describe('TLS', () => {
  it('carries requests, and offers HTTP/1.1 alone', async () => {
    const { port, request } = await openDataPort({ tls: TLS });
    const socket = await secured({ port, ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('http/1.1');
    const raw = new RawClient(socket);
    raw.send(GET);
    const inbound = await request();
    expect(inbound.peer).toEqual({ address: '127.0.0.1', hop: '127.0.0.1', isTls: true });
    answer(inbound, 'secret');
    await raw.until((text) => text.endsWith('secret'));
  });

  it('counts and closes what is no TLS', async () => {
    const { client, data, seen } = await openDataPort({ tls: TLS }, echo);
    await (await client()).send(GET).ended();
    expect(data.rejected()).toEqual({ tls: 1 });
    expect(seen).toHaveLength(0);
  });

  it('asks for a certificate where it has to', async () => {
    const { port, data, request } = await openDataPort({ tls: MUTUAL });
    const nobody = new RawClient(await secured({ port }));
    await nobody.ended();
    expect(data.rejected()).toEqual({ tls: 1 });
    const known = new RawClient(await secured(withCertificate(port)));
    known.send(GET);
    answer(await request(), 'known');
    await known.until((text) => text.endsWith('known'));
  });

  it('comes behind the PROXY header, which names the client', async () => {
    const { port, request, data } = await openDataPort({ tls: MUTUAL, hasProxyProtocol: true });
    const under = await connectRaw(port);
    under.socket.removeAllListeners('data');
    under.send(FROM);
    const { cert, key } = withCertificate(port);
    const socket = await secured({ socket: under.socket, cert: cert!, key: key! });
    const raw = new RawClient(socket);
    raw.send(GET);
    const inbound = await request();
    expect(inbound.peer).toEqual({ address: '192.0.2.1', hop: '127.0.0.1', isTls: true });
    answer(inbound, 'both');
    await raw.until((text) => text.endsWith('both'));
    expect(data.connectionCount).toBe(1);
  });

  it('takes new certificates without losing a connection', async () => {
    const { port, data, request } = await openDataPort({ tls: TLS });
    const before = await secured({ port });
    expect(before.getPeerCertificate().subject.CN).toBe('server');
    const certPath = `${FIXTURES}client.pem`;
    const keyPath = `${FIXTURES}client-key.pem`;
    data.reload({ ...PORT, tls: { ...TLS, certPath, keyPath } });
    const after = await secured({ port, servername: 'client.test' });
    expect(after.getPeerCertificate().subject.CN).toBe('client');
    const raw = new RawClient(before);
    raw.send(GET);
    answer(await request(), 'still');
    await raw.until((text) => text.endsWith('still'));
  });

  it('keeps what it has where new files are of no use, and says why', async () => {
    const { port, data } = await openDataPort({ tls: TLS });
    const broken = { ...TLS, keyPath: `${FIXTURES}client-key.pem` };
    expect(() => data.reload({ ...PORT, tls: broken })).toThrow(/TLS files of the data port/);
    const missing = { ...TLS, certPath: `${FIXTURES}none.pem` };
    expect(() => data.reload({ ...PORT, tls: missing })).toThrow(/none\.pem/);
    const socket = await secured({ port });
    expect(socket.getPeerCertificate().subject.CN).toBe('server');
  });
});
