import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bindListenHandle, portInUse } from '../../src/engines/listen-handle.ts';

describe('a port that cannot be listened on', () => {
  it('is told from an address that is none of this machine, each with how to mend it', async () => {
    // Kept for documentation: no machine has it. Source: RFC 5737.
    const foreign = bindListenHandle({ host: '203.0.113.9', port: 0 }, false);
    await expect(foreign).rejects.toMatchObject({
      message: 'cannot listen on 203.0.113.9:0: the address is none of this machine',
      hint: expect.stringContaining('use one of its addresses'),
    });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(bindListenHandle({ host: '127.0.0.1', port }, false)).rejects.toMatchObject({
      code: 'port-in-use',
      message: `cannot listen on 127.0.0.1:${port}: the port is in use`,
      hint: expect.stringContaining('stop what holds the port'),
    });
    server.close();
  });

  it('below 1024 is a matter of rights', () => {
    const { message, hint } = portInUse({ host: '0.0.0.0', port: 80 }, 'EACCES');
    expect(message).toBe('cannot listen on 0.0.0.0:80: this user may not');
    expect(hint).toContain('above 1023');
  });
});
