/** Whom a command asks, and what it reads where there is nobody to ask. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromRunOrStore } from '../../src/cli/run-or-store.ts';
import { call, findControl } from '../../src/control/client.ts';

type Told = { readonly by: string };

const WAIT_MS = 200;
let folder = '';
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-run-or-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function told(store: string): Promise<Told> {
  return fromRunOrStore<Told>(
    { store: path(store) },
    {
      ask: (run) => call(run, 'GET', '/v1/status', undefined, WAIT_MS),
      read: (_file, found) => ({ by: found }),
      hint: 'Name a store.',
    },
  );
}

describe('a path that cannot be read', () => {
  it('is refused in a sentence', async () => {
    symlinkSync('round', path('round'));
    const refusal = { code: 'path-unreadable', exitCode: 2 };
    await expect(told('round/crossfade.db')).rejects.toMatchObject(refusal);
    expect(() => findControl(path('round/crossfade.db'))).toThrow(/ cannot be read: ELOOP/);
  });

  // Nothing is forbidden to root.
  it.runIf(process.getuid?.() !== 0)('says that permissions forbid it', async () => {
    mkdirSync(path('closed'), { mode: 0o000 });
    await expect(told('closed/crossfade.db')).rejects.toMatchObject({
      code: 'path-unreadable',
      exitCode: 2,
      message: `${path('closed/crossfade.db')} cannot be read: permissions forbid it (EACCES).`,
      hint: expect.stringContaining('enter every folder above it'),
    });
  });
});
