/** TLS to a side: whom it believes, what it shows, which name it asks for. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { closePools, openPool, send } from '../support/legs.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/tls/', import.meta.url));
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

afterEach(closePools);

describe('TLS to a side', () => {
  async function secureSide(asksForCertificate: boolean): Promise<{
    port: number;
    names: (string | false)[];
    close: () => void;
  }> {
    const names: (string | false)[] = [];
    const server = createServer(
      {
        cert: readFileSync(`${FIXTURES}server.pem`),
        key: readFileSync(`${FIXTURES}server-key.pem`),
        ca: readFileSync(`${FIXTURES}ca.pem`),
        requestCert: asksForCertificate,
        rejectUnauthorized: asksForCertificate,
      },
      (socket) => {
        names.push(socket.servername ?? false);
        socket.on('error', () => undefined);
        socket.on('data', () => void socket.write(OK));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { port, names, close: () => void server.close() };
  }

  const CA = { caPath: `${FIXTURES}ca.pem` };
  const OWN = { certPath: `${FIXTURES}client.pem`, keyPath: `${FIXTURES}client-key.pem` };

  it.each([
    ['a name', 'localhost', CA, 'localhost'],
    ['an address', '127.0.0.1', CA, false],
    ['another name', '127.0.0.1', { ...CA, serverName: 'server.test' }, 'server.test'],
    ['any certificate', '127.0.0.1', { isVerified: false, serverName: 'x.test' }, 'x.test'],
  ])('takes %s', async (_name, host, tls, asked) => {
    const side = await secureSide(false);
    const pool = openPool(`https://${host}:${side.port}`, {}, tls);
    const sent = send(pool);
    expect((await sent.ended).failure).toBe('');
    expect(sent.told).toEqual(['head', 'data:ok', 'end']);
    expect(side.names).toEqual([asked]);
    await pool.close();
    side.close();
  });

  it.each([
    ['signed by nobody known', {}, /CERT|SIGNATURE|ISSUER/],
    ['of another name', { ...CA, serverName: 'other.test' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ])('refuses a certificate %s', async (_name, tls, why) => {
    const side = await secureSide(false);
    const pool = openPool(`https://127.0.0.1:${side.port}`, {}, tls);
    const leg = await send(pool).ended;
    expect(leg).toMatchObject({ outcome: 'refused', isSent: false });
    expect(leg.failure).toMatch(why);
    await pool.close();
    side.close();
  });

  it('shows a certificate of its own where the side asks for one', async () => {
    const side = await secureSide(true);
    const url = `https://127.0.0.1:${side.port}`;
    const pool = openPool(url, {}, { ...CA, ...OWN });
    expect(await send(pool).ended).toMatchObject({ outcome: 'answered' });
    const nameless = openPool(url, {}, CA);
    expect((await send(nameless).ended).outcome).not.toBe('answered');
    await pool.close();
    await nameless.close();
    side.close();
  });

  it('is not begun with files that cannot be used; the error names them', () => {
    const tls = { caPath: `${FIXTURES}no-such.pem` };
    expect(() => openPool('https://127.0.0.1', {}, tls)).toThrow(/no-such\.pem/);
    const mixed = { certPath: OWN.certPath, keyPath: `${FIXTURES}server-key.pem` };
    expect(() => openPool('https://127.0.0.1', {}, mixed)).toThrow(/client\.pem/);
  });
});
