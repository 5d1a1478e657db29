import { describe, expect, test } from 'vitest';
import { CrossfadeError } from '../../src/kit/errors.ts';
import { parseStoreSpec } from '../../src/read-states/open-store.ts';

describe('a store is named', () => {
  test('memory', () => {
    expect(parseStoreSpec('memory')).toEqual({ kind: 'memory' });
  });

  test('by a SQLite file, whatever is in its path', () => {
    for (const path of ['a.db', '/tmp/x y/a.db', 'C:\\a.db', './?.db']) {
      expect(parseStoreSpec(`sqlite:${path}`)).toEqual({ kind: 'sqlite', path });
    }
  });

  test('by a Cassandra keyspace, with the usual port, data centre and timeout', () => {
    expect(parseStoreSpec('cassandra://db.example/states_1')).toEqual({
      kind: 'cassandra',
      options: {
        contactPoint: 'db.example:9042',
        keyspace: 'states_1',
        localDataCenter: 'datacenter1',
        replication: null,
        requestTimeoutMs: 500,
      },
    });
  });

  test('by a Cassandra keyspace with all of them given', () => {
    const spec = 'cassandra://[::1]:9142/k?replication=3&datacenter=eu-1&timeout=2s';
    expect(parseStoreSpec(spec)).toEqual({
      kind: 'cassandra',
      options: {
        contactPoint: '[::1]:9142',
        keyspace: 'k',
        localDataCenter: 'eu-1',
        replication: 3,
        requestTimeoutMs: 2000,
      },
    });
  });
});

describe('anything else is a usage error that says what is wrong', () => {
  test.each([
    ['', 'is no kind of store'],
    ['redis://h/1', 'is no kind of store'],
    ['Memory', 'is no kind of store'],
    ['sqlite:', 'names no file'],
    ['sqlite::memory:', 'is no file'],
    ['cassandra:k', 'is no address'],
    ['cassandra://h:99999/k', 'is no address'],
    ['cassandra:///k', 'names no host'],
    ['cassandra://h', 'names no keyspace'],
    ['cassandra://h/', 'names no keyspace'],
    ['cassandra://h/Upper', 'names no keyspace'],
    ['cassandra://h/a/b', 'names no keyspace'],
    ['cassandra://h/k;drop', 'names no keyspace'],
    [`cassandra://h/${'k'.repeat(49)}`, 'names no keyspace'],
    ['cassandra://h/k?ttl=1', 'has ttl, but'],
    ['cassandra://h/k?replication=0', 'asks for no number of copies'],
    ["cassandra://h/k?datacenter=x'y", 'names no data centre'],
    ['cassandra://h/k?timeout=soon', 'has a timeout that is none'],
  ])('%s', (spec, what) => {
    expect(() => parseStoreSpec(spec)).toThrow(
      expect.objectContaining({
        code: 'store-unknown',
        exitCode: 2,
        message: expect.stringContaining(what),
        hint: expect.stringContaining('sqlite:FILE'),
      }),
    );
  });

  test('never repeats a password', () => {
    try {
      parseStoreSpec('cassandra://me:secret@h/k');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CrossfadeError);
      expect(String(error)).not.toContain('secret');
    }
  });
});
