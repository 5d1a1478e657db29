import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/control/metrics.ts';
import { VERBS } from '../../src/control/routes.ts';
import { DROP_REASONS, NOT_COMPARABLE_REASONS, SKIP_REASONS } from '../../src/model/pair.ts';
import { UNCHECKED_REASONS, UNUSED_REASONS } from '../../src/model/race.ts';
import { REJECT_REASONS } from '../../src/model/reject.ts';
import { TAINT_REASONS } from '../../src/model/window.ts';
import { SAMPLE_STATUS } from '../support/status-sample.ts';

const PAGE = readFileSync('docs/monitoring.md', 'utf8');

/** What stands in backticks in the first columns of the table under a heading. */
function namesUnder(heading: string, column = 1): string[] {
  const [, section = ''] = PAGE.split(new RegExp(`^#+ ${heading}\n`, 'm'));
  const [own = ''] = section.split(/^#+ /m);
  return own
    .split('\n')
    .map((line) => /^`([^`]+)`/.exec(line.split('|')[column]?.trim() ?? '')?.[1])
    .filter((name) => name !== undefined);
}

describe('the page on monitoring', () => {
  it('names every metric there is, and no other', () => {
    const rendered = renderMetrics(SAMPLE_STATUS).matchAll(/^# TYPE (\S+) /gm);
    expect(namesUnder('Metrics')).toEqual([...rendered].map(([, name]) => name));
  });

  it.each([
    ['Skipped', SKIP_REASONS],
    ['Dropped', DROP_REASONS],
    ['Not comparable', NOT_COMPARABLE_REASONS],
    ['Not asked again', UNCHECKED_REASONS],
    ['Noise', UNUSED_REASONS],
    ['Rejected', REJECT_REASONS],
    ['Tainted', TAINT_REASONS],
  ])('names every reason under %s, and no other', (heading, reasons) => {
    expect(namesUnder(heading)).toEqual([...reasons]);
  });

  it('names every path of the control API', () => {
    const source = readFileSync('src/control/server.ts', 'utf8');
    const written = [...source.matchAll(/app\.(?:get|post)\('([^']+)'/g)].map(([, path]) => path!);
    const verbs = Object.keys(VERBS).map((verb) => `/v1/${verb}`);
    expect(namesUnder('The control API', 2).sort()).toEqual([...written, ...verbs].sort());
  });

  it('names every fixed phrase of the log', () => {
    const phrases = globSync('src/{cli,control,engines,rollout}/**/*.ts').flatMap((path) => {
      const calls = readFileSync(path, 'utf8').matchAll(
        /\blog\.(?:info|warn|error)\(\s*\{[^}]*\},\s*'([^']+)'/g,
      );
      return [...calls].map(([, phrase]) => phrase!);
    });
    expect(namesUnder('The log').sort()).toEqual([...new Set(phrases)].sort());
  });

  it('names every value of crossfade-error', () => {
    const values = globSync('src/{proxy,wire}/**/*.ts').flatMap((path) => {
      const fields = readFileSync(path, 'utf8').matchAll(
        // The name and behind it a value, or the choice between two.
        /'crossfade-error',\s+(?:[^,\n]+ \? '(\w+)' : )?'([\w-]+)'|`crossfade-error: (\w+)/g,
      );
      return [...fields].flatMap((found) => found.slice(1).filter((value) => value !== undefined));
    });
    expect(namesUnder('crossfade-error').sort()).toEqual([...new Set(values)].sort());
  });
});
