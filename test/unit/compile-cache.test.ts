import { describe, expect, it } from 'vitest';
import { compileCacheFolder } from '../../src/kit/compile-cache.ts';

describe('the folder of compiled code', () => {
  it("is in the user's own cache", () => {
    expect(compileCacheFolder({ HOME: '/home/me' })).toBe('/home/me/.cache/crossfade');
    const both = { HOME: '/home/me', XDG_CACHE_HOME: '/var/cache/me' };
    expect(compileCacheFolder(both)).toBe('/var/cache/me/crossfade');
  });

  it('is none where the user has none, or wants none', () => {
    expect(compileCacheFolder({})).toBeNull();
    expect(compileCacheFolder({ HOME: '/' })).toBeNull();
    expect(compileCacheFolder({ HOME: 'here', XDG_CACHE_HOME: 'there' })).toBeNull();
    expect(compileCacheFolder({ HOME: '/home/me', NODE_DISABLE_COMPILE_CACHE: '1' })).toBeNull();
  });
});
