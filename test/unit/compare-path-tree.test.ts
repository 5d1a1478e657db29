import { describe, expect, it } from 'vitest';
import { ClusterNames } from '../../src/compare/cluster-names.ts';
import { PathTree, shownTemplate } from '../../src/compare/path-tree.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import { createRandom } from '../../src/kit/random.ts';

const GET = 'GET other';

function treeOf(childrenMax: number, levelsMax?: number): PathTree {
  const isOneOfMany = (segment: string): boolean => /^\d+$/.test(segment);
  const options = { marker: ':n', childrenMax, isOneOfMany };
  return new PathTree(levelsMax === undefined ? options : { ...options, levelsMax });
}

function place(tree: PathTree, path: string): string {
  return tree.place('GET', path.split('/')).join('/');
}

function shown(tree: PathTree, path: string): string {
  return shownTemplate(place(tree, path));
}

describe('a tree of paths', () => {
  it('keeps few names apart, and ids together', () => {
    const tree = treeOf(3);
    expect(place(tree, '/users/ada/posts')).toBe('/users/ada/posts');
    expect(place(tree, '/users/7/posts')).toBe('/users/:n/posts');
    expect(place(tree, '/users/8/likes')).toBe('/users/:n/likes');
    expect(tree.folds).toBe(0);
  });

  it('folds a level that has too many names, and what stood under them is one', () => {
    const tree = treeOf(3);
    for (const name of ['ada', 'bob', 'cyd']) place(tree, `/users/${name}/posts/${name}`);
    expect(tree.folds).toBe(0);
    expect(shown(tree, '/users/dan/posts/x')).toBe('/users/:n/posts/:n');
    expect(tree.folds).toBeGreaterThan(0);
    expect(shown(tree, '/users/ada/posts/ada')).toBe('/users/:n/posts/:n');
    expect(shown(tree, '/users/ada/likes')).toBe('/users/:n/likes');
    expect(place(tree, '/rooms/ada')).toBe('/rooms/ada');
  });

  it('gives a template placed again the same name', () => {
    const tree = treeOf(4);
    const random = createRandom(5);
    const segment = (): string => `${'abcdef'[random.int(0, 5)]!}${random.int(0, 3)}`;
    const paths = Array.from({ length: 400 }, () => `/${segment()}/${segment()}/${segment()}`);
    for (const path of paths) place(tree, path);
    for (const path of paths) {
      const template = place(tree, path);
      expect(place(tree, template)).toBe(template);
    }
    expect(new Set(paths.map((path) => place(tree, path))).size).toBeLessThanOrEqual(4 ** 3);
  });

  it('folds what another tree has folded, and not what it has only called an id', () => {
    const [here, there] = [treeOf(3), treeOf(3)];
    for (const name of ['ada', 'bob', 'cyd', 'dan']) place(there, `/users/${name}`);
    expect(place(here, '/users/eve')).toBe('/users/eve');
    place(here, place(there, '/rooms/7'));
    expect(place(here, '/rooms/main')).toBe('/rooms/main');
    place(here, place(there, '/users/ada'));
    expect(here.folds).toBeGreaterThan(0);
    expect(shown(here, '/users/eve')).toBe('/users/:n');
  });

  it('keeps roots apart', () => {
    const tree = treeOf(2);
    for (const name of ['a', 'b', 'c']) tree.place('GET', [name]);
    expect(shownTemplate(tree.place('GET', ['a'])[0]!)).toBe(':n');
    expect(tree.place('POST', ['a'])).toEqual(['a']);
  });

  it('is bounded in levels and in depth, and names on', () => {
    const tree = treeOf(1000, 50);
    const names = Array.from({ length: 2000 }, (_, i) => place(tree, `/x${i}/y${i}/z${i}`));
    expect(new Set(names.slice(100)).size).toBeLessThanOrEqual(50);
    const deep = tree.place(
      'GET',
      Array.from({ length: 1000 }, () => 'x'),
    );
    expect(deep).toHaveLength(LIMITS.templateDepthMax + 1);
    expect(deep.at(-1)).toBe('…');
    expect(tree.place('GET', deep)).toEqual(deep);
  });
});

describe('the names of clusters', () => {
  it.each([
    ['/users/7', '/users/:n'],
    ['/users/7/?page=2#top', '/users/:n/'],
    ['/u/6F9619FF-8B86-D011-B42D-00CF4FC964FF', '/u/:n'],
    ['/blobs/d41d8cd98f00b204e9800998ecf8427e', '/blobs/:n'],
    ['/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/lines', '/orders/:n/lines'],
    [`/x/${'y'.repeat(65)}`, '/x/:n'],
    ['http://example.org/users/7', '/users/:n'],
    ['http://example.org', '/'],
    ['/users/me', '/users/me'],
    ['*', '*'],
  ])('of a request without a route to %s have its template', (target, template) => {
    expect(new ClusterNames().routeOf(GET, target)).toBe(`GET ${template}`);
  });

  it('leave the name of a route as it is', () => {
    expect(new ClusterNames().routeOf('GET /users/:user', '/users/7')).toBe('GET /users/:user');
  });

  it('fold 10^5 different paths into few readable ones', () => {
    const names = new ClusterNames();
    const given = new Set<string>();
    for (let i = 0; i < 100_000; i += 1) {
      given.add(names.routeOf(GET, `/shops/shop-${i % 317}/items/item-${i}`));
    }
    expect(given.size).toBeLessThan(3 * LIMITS.routeChildrenMax);
    const template = shownTemplate(names.routeOf(GET, '/shops/shop-9/items/item-9'));
    expect(template).toBe('GET /shops/:n/items/:n');
    expect(names.routeOf(GET, '/health')).toBe('GET /health');
  });

  it('fold fields named by ids, and header names without end', () => {
    const names = new ClusterNames();
    const route = 'GET /x';
    expect(names.pathOf(route, '/rows/7/name')).toBe('/rows/*/name');
    expect(names.pathOf(route, 'header:etag')).toBe('header:etag');
    expect(names.pathOf(route, 'status')).toBe('status');
    for (let i = 0; i < 1000; i += 1) {
      names.pathOf(route, `/by_name/user-${i}/flags`);
      names.pathOf(route, `header:x-${i}a`);
    }
    expect(shownTemplate(names.pathOf(route, '/by_name/ada/flags'))).toBe('/by_name/*/flags');
    expect(shownTemplate(names.pathOf(route, 'header:etag'))).toBe('header:*');
    expect(names.pathOf('GET /y', 'header:etag')).toBe('header:etag');
    expect(names.pathOf(route, '/rows/7/name')).toBe('/rows/*/name');
  });

  it('are the same for a template of another table', () => {
    const names = new ClusterNames();
    expect(names.routeAgain(GET, 'GET /users/:n')).toBe('GET /users/:n');
    expect(names.routeAgain('GET /users/:user', 'GET /users/:user')).toBe('GET /users/:user');
    for (let i = 0; i < 100; i += 1) names.routeOf(GET, `/users/ada-${i}`);
    expect(shownTemplate(names.routeAgain(GET, 'GET /users/bob'))).toBe('GET /users/:n');
  });
});
