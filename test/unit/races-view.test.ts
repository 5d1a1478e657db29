import { describe, expect, it } from 'vitest';
import { renderRaces } from '../../src/cli/races-view.ts';
import { SAMPLE_STATUS } from '../support/status-sample.ts';

const { traffic, races } = SAMPLE_STATUS;

describe('what a status says of asking again', () => {
  it('names each count, and each race with its write and how far apart they came', () => {
    const text = renderRaces(traffic, races);
    expect(text).toContain('6 reads that differed: 4 gone (1 with no write beside), 2 still there');
    expect(text).toContain('not asked: busy 3');
    expect(text).toContain('GET /a of key 0123456789ab, with POST /a');
    expect(text).toContain('(POST, 10 ms before)');
    expect(text).toContain('legacy against itself: 8 of 10 reads, unused: overlapped 2');
  });

  it('lets no control character through to the terminal', () => {
    expect(renderRaces(traffic, races)).not.toContain('\u001b');
  });

  it('shows the newest races first, and of a write that came later says so', () => {
    const [race] = races;
    const later = { ...race!, atMs: 1985, write: { ...race!.write, atMs: 1990 } };
    const lines = renderRaces(traffic, [race!, later]).split('\n');
    expect(lines[2]).toContain('5 ms later');
  });

  it('is nothing where nobody asked', () => {
    const { referee: _referee, noise: _noise, ...silent } = traffic;
    expect(renderRaces(silent, [])).toBe('');
  });
});
