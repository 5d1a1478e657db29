import { describe, expect, test } from 'vitest';
import { createBasis } from '../../src/preflight/basis.ts';
import { type Ask, createEnds } from '../../src/preflight/ends.ts';
import { judgeReceptions } from '../../src/preflight/exchanges.ts';
import type { SizeFact } from '../../src/preflight/finding.ts';
import { PROBES } from '../../src/preflight/probes.ts';
import type { Heard } from '../../src/preflight/raw-client.ts';
import { judgeSizes } from '../../src/preflight/sizes.ts';
import { testSettings } from '../support/proxy.ts';

const ASK: Ask = { method: 'GET', target: '/page?x=1', headers: [], host: null };

function heard(status: number): Heard {
  const answer = { status, reason: '', headers: [], body: Buffer.alloc(0), keepsAlive: true };
  return { kind: 'answered', answer, tookMs: 1 };
}

describe('a request that the proxy forwards in another form', () => {
  const judge = (statuses: readonly [legacy: number, proxy: number, candidate: number]) => {
    const [legacy, proxy, candidate] = statuses.map((status) => heard(status));
    return (direct: number, candidates: number) =>
      judgeReceptions({ legacy: legacy!, proxy: proxy!, candidate: candidate! }, 'x', {
        legacy: heard(direct),
        candidate: heard(candidates),
        how: 'in origin-form',
      }).map(({ group, isDifference, what }) => [group, isDifference, what]);
  };

  test('is no difference where legacy answers that form alike, and says so', () => {
    expect(judge([404, 200, 404])(200, 200)).toEqual([
      [
        'proxy',
        false,
        'legacy has nothing there (404), through the proxy it takes it (200): the proxy ' +
          'forwards it in origin-form, and legacy answers that form so directly too',
      ],
    ]);
  });

  test('is one where legacy does not', () => {
    expect(judge([404, 200, 404])(404, 404)).toEqual([
      ['proxy', true, 'legacy has nothing there (404), through the proxy it takes it (200)'],
    ]);
  });

  test('is judged between the sides by that form', () => {
    expect(judge([404, 404, 200])(200, 200)).toEqual([]);
    expect(judge([200, 200, 200])(200, 404)).toEqual([
      ['side', true, 'legacy takes it (200), the candidate has nothing there (404)'],
    ]);
  });

  test('is a target with scheme and host, and HTTP/1.0', () => {
    const ends = createEnds(testSettings('http://legacy.test/old', 'http://candidate.test'), 1);
    const forms = PROBES.filter(({ forwarded }) => forwarded !== null);
    expect(forms.map(({ name }) => name)).toEqual([
      'HTTP/1.0',
      'a target with scheme and host',
      'a line break before the request',
    ]);
    for (const { forwarded } of forms) {
      expect(forwarded!.bytes(ends.legacy, ASK).toString('latin1')).toBe(
        'GET /old/page?x=1 HTTP/1.1\r\nHost: legacy.test\r\nConnection: close\r\n\r\n',
      );
    }
  });
});

describe('a size that is too large through the proxy', () => {
  const mend = (isRefusedByProxy: boolean): string => {
    const fact = (bytes: number): SizeFact => ({
      bytes,
      bound: 'exact',
      refusal: '431',
      isRefusedByProxy,
    });
    const ends = { legacy: fact(8192), proxy: fact(6000), candidate: fact(8192) };
    const same = { legacy: fact(8192), proxy: fact(8192), candidate: fact(8192) };
    return judgeSizes({ head: same, target: ends }, 6144)[0]!.mend;
  };

  test("is mended at the data port where the proxy's own limit refuses it", () => {
    expect(mend(true)).toBe(
      'to mend: raise the limit of the data port, now 6,144 bytes: limits.head',
    );
  });

  test("is mended at legacy where it is legacy's that does", () => {
    expect(mend(false)).toMatch(/^to mend: raise legacy's own limit by what the proxy adds/);
  });
});

describe('what a verdict rests on', () => {
  const asked = (target: string, status: number | null) => ({ method: 'GET', target, status });

  test('is nothing to warn of where legacy answered a given target', () => {
    const facts = [asked('/a', 404), asked('/b', 302)];
    expect(createBasis(facts, ['/a', '/b'])).toEqual({
      asked: 2,
      answered: 1,
      unanswered: [asked('/a', 404)],
      warning: '',
    });
  });

  test.each([
    [[asked('/a', 404), asked('/status', 200)], ['/a'], 'no given target', 'GET /a (404);'],
    [[asked('/a', 0)], ['/a', '/logout'], 'no given target', 'GET /logout (never asked), '],
    [[asked('/a', 0), asked('/b', 500)], [], 'no request of the sample', '(no answer), GET /b'],
    [[], [], 'the sample has no request that may be asked', 'give paths that exist'],
  ])('is warned of: %j, given %j', (facts, given, subject, named) => {
    const { warning } = createBasis(facts, given);
    expect(warning).toContain(subject);
    expect(warning).toContain(named);
  });

  test('names the first few requests alone', () => {
    const facts = [1, 2, 3, 4, 5, 6, 7].map((n) => asked(`/${n}`, 404));
    expect(createBasis(facts, []).warning).toContain('GET /5 (404) and 2 more;');
  });
});
