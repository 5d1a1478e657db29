import { describe, expect, it } from 'vitest';
import { areAlikeButForAddress, areSameByName, placeOf } from '../../src/kit/server-place.ts';

const at = (url: string, host: 'preserve' | 'rewrite' = 'preserve') => ({ url, host });
const LEGACY = at('http://127.0.0.1:9001');

describe('two URLs', () => {
  it.each([
    'http://127.0.0.1:9001',
    'http://127.0.0.2:9001',
    'http://localhost:9001',
    'http://LOCALHOST.:9001',
    'http://api.localhost:9001',
    'http://[::1]:9001',
    'http://[::ffff:127.0.0.1]:9001',
    'http://[0:0:0:0:0:ffff:7f00:1]:9001',
    'http://0.0.0.0:9001',
    'http://0x7f000001:9001',
  ])('mean one server: this machine and %s', (url) => {
    expect(areSameByName(LEGACY, at(url))).toBe(true);
    expect(areSameByName(at(url, 'rewrite'), at(LEGACY.url, 'rewrite'))).toBe(true);
  });

  it.each(['http://127.0.0.1:9002', 'http://127.0.0.1:9001/v2', 'http://10.0.0.1:9001'])(
    'mean two servers: this machine and %s',
    (url) => {
      expect(areSameByName(LEGACY, at(url))).toBe(false);
    },
  );

  it('behind one balancer are told apart by what Host they are sent', () => {
    const [one, other] = ['http://old.test', 'http://new.test'];
    expect(areAlikeButForAddress(at(one), at(other))).toBe(true);
    expect(areAlikeButForAddress(at(one, 'rewrite'), at(other, 'rewrite'))).toBe(false);
    expect(areAlikeButForAddress(at(one), at(other, 'rewrite'))).toBe(false);
    expect(areAlikeButForAddress(at('http://a.test'), at('http://b.test:80'))).toBe(true);
  });
});

it('an address has one place however it is written', () => {
  expect(placeOf('::ffff:10.0.0.1')).toBe(placeOf('10.0.0.1'));
  expect(placeOf('2001:DB8:0::1')).toBe(placeOf('2001:db8::1'));
  expect(placeOf('10.0.0.1')).not.toBe(placeOf('10.0.0.2'));
});
