import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startRun } from '../support/crossfade.ts';
import { startSide, until } from '../support/sides.ts';

it('a run says at its start, and in its status, what can hardly be meant', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-warnings-'));
  const side = await startSide((_request, response) => void response.end());
  const configuration = join(folder, 'crossfade.yaml');
  writeFileSync(
    configuration,
    `listen: 127.0.0.1:0
legacy: { url: ${side.url} }
candidate: { url: ${side.url.replace('127.0.0.1', 'localhost')} }
state: shared
workers: 1
control: { listen: 127.0.0.1:0 }
routes:
  - match: GET /a
    compare: [{ path: header:etag, as: ignore, until: 2026-01-31 }]
`,
  );
  const run = await startRun(configuration, join(folder, 'crossfade.db'));
  try {
    const { warnings, rollout } = await run.status();
    expect(warnings).toContain(
      'the rule for header:etag of GET /a held until 2026-01-31 and no longer: ' +
        'what it explained is compared',
    );
    expect(rollout.waitingFor.join()).toContain('no key is configured');
    // The log has a way of its own here.
    const says = (text: string) => until(() => run.log().includes(text));
    await says('"upToPercent":100,"msg":"the ladder is not climbed: no key');
    await says(
      '"route":"GET /a","path":"header:etag","until":"2026-01-31","msg":"a compare rule no longer',
    );
  } finally {
    await run.stop();
    await side.close();
    rmSync(folder, { recursive: true });
  }
});
