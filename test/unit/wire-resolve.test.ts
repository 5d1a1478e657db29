import { describe, expect, it } from 'vitest';
import { whyForbidden } from '../../src/wire/forbidden.ts';
import {
  createResolve,
  declaredIn,
  fullNames,
  remembering,
  type Resolve,
  type Resolved,
} from '../../src/wire/resolve.ts';

function found(...addresses: readonly string[]): Resolved {
  return { addresses, isDeclared: false };
}

function asked(resolve: Resolve): Promise<Resolved | string> {
  return new Promise(resolve);
}

describe('a host', () => {
  it.each(['127.0.0.1', '::1', '2001:db8::1'])(
    'that is the address %s is not asked for',
    async (host) => {
      const expected = { addresses: [host], isDeclared: true };
      expect(await asked(createResolve(host, true))).toEqual(expected);
      expect(await asked(createResolve(host, false))).toEqual(expected);
    },
  );

  it('named localhost is this machine without any file or server', async () => {
    const expected = { addresses: ['127.0.0.1', '::1'], isDeclared: true };
    expect(await asked(createResolve('localhost', true))).toEqual(expected);
    expect(declaredIn('', 'API.localhost')).toEqual(expected.addresses);
  });

  it('is found in the hosts file whatever its case, place and comments', () => {
    const text =
      '# 10.0.0.1 side\n10.0.0.2\tother Side # it\n::2 side\nnonsense side\n10.0.0.3 sides\n';
    expect(declaredIn(text, 'side')).toEqual(['10.0.0.2', '::2']);
    expect(declaredIn(text, 'nobody')).toEqual([]);
  });

  it.each([
    ['', 'side', ['side']],
    ['search a.b c.\n', 'side', ['side.a.b', 'side.c', 'side']],
    ['search a.b\n', 'side.example', ['side.example', 'side.example.a.b']],
    ['search a.b\noptions edns0 ndots:5\n', 'side.ns', ['side.ns.a.b', 'side.ns']],
    ['search a.b\noptions ndots:5\n', 'side.ns.', ['side.ns.']],
  ])('is completed by %j: %s', (text, host, names) => {
    expect(fullNames(text, host)).toEqual(names);
  });
});

describe('names asked for', () => {
  /** Answers the questions one after the other; counts them. */
  function remembered(answers: readonly (Resolved | string)[]): {
    ask: () => Promise<Resolved | string>;
    count: () => number;
    pass: (ms: number) => void;
  } {
    let count = 0;
    let nowMs = 0;
    const resolve = remembering(
      async () => {
        count += 1;
        return answers[count - 1]!;
      },
      () => nowMs,
    );
    return {
      ask: () => asked(resolve),
      count: () => count,
      pass: (ms) => {
        nowMs += ms;
      },
    };
  }

  it('at the same time are one question', async () => {
    const { ask, count } = remembered([found('10.0.0.1')]);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill(found('10.0.0.1')));
    expect(count()).toBe(1);
  });

  it('are asked for anew after five seconds, a failed one after one', async () => {
    const { ask, count, pass } = remembered(['ENOTFOUND', found('10.0.0.1'), found('10.0.0.2')]);
    expect(await ask()).toBe('ENOTFOUND');
    pass(999);
    expect(await ask()).toBe('ENOTFOUND');
    pass(1);
    expect(await ask()).toEqual(found('10.0.0.1'));
    pass(4999);
    expect(await ask()).toEqual(found('10.0.0.1'));
    expect(count()).toBe(2);
    pass(1);
    expect(await ask()).toEqual(found('10.0.0.2'));
  });

  it('keep their old addresses for a minute while nobody answers', async () => {
    const { ask, pass } = remembered([found('10.0.0.1'), 'EAI_AGAIN', 'EAI_AGAIN']);
    await ask();
    pass(59_000);
    expect(await ask()).toEqual(found('10.0.0.1'));
    pass(1001);
    expect(await ask()).toBe('EAI_AGAIN');
  });
});

describe('a copy', () => {
  const declared: Resolved = { addresses: [], isDeclared: true };
  const named: Resolved = { addresses: [], isDeclared: false };

  it.each([
    '169.254.169.254',
    'fe80::1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '::ffff:0.0.0.0',
  ])('never goes to %s, however it is named', (address) => {
    expect(whyForbidden(address, 80, declared, [])).not.toBeNull();
    expect(whyForbidden(address, 80, named, [])).not.toBeNull();
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])(
    'goes to %s only where an operator has written that down',
    (address) => {
      expect(whyForbidden(address, 80, named, [])).toMatch(/this machine/);
      expect(whyForbidden(address, 80, declared, [])).toBeNull();
    },
  );

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::ffff:7f00:1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.9'],
    ['::', '::1'],
    ['localhost', '::1'],
    ['10.1.2.3', '10.1.2.3'],
  ])('never comes back to the proxy that listens on %s by way of %s', (host, address) => {
    const own = [{ host, port: 8080 }];
    expect(whyForbidden(address, 8080, declared, own)).toMatch(/own address/);
    expect(whyForbidden(address, 8081, declared, own)).toBeNull();
  });

  it('may go to another machine on the port that the proxy listens on everywhere', () => {
    const own = [{ host: '0.0.0.0', port: 8080 }];
    expect(whyForbidden('203.0.113.7', 8080, named, own)).toBeNull();
    expect(whyForbidden('2001:db8::7', 8080, named, own)).toBeNull();
  });
});
