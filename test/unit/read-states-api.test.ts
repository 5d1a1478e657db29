import type { FastifyInstance, InjectOptions } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../../src/read-states/api.ts';
import { type Flaw, parseFlaw } from '../../src/read-states/flaws.ts';
import { createModelEngine, type ModelEngine } from '../support/model-engine.ts';

const MAX_ID = '9223372036854775807';
let engine: ModelEngine;
let app: FastifyInstance;

function createApp(flaws: readonly Flaw[] = []): FastifyInstance {
  engine = createModelEngine();
  const onBug = (error: unknown): void => {
    throw error;
  };
  return createApi({ engine: () => engine, flaws, isFlawed: () => true, seed: 1, onBug });
}

beforeEach(() => {
  app = createApp();
});

type Method = NonNullable<InjectOptions['method']>;

async function call(method: Method, url: string, body?: unknown) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await app.inject({ method, url, ...(body === undefined ? {} : { payload }) });
  return { status: answer.statusCode, text: answer.body, headers: answer.headers };
}

describe('the Read States API', () => {
  it('answers an ack with a null token and the version, then the state itself', async () => {
    const ack = await call('POST', '/v1/users/1/channels/7/messages/9/ack', {
      manual: true,
      mention_count: 3,
      flags: 1,
      last_viewed: 3347,
      token: null,
    });
    expect(ack).toMatchObject({ status: 200, text: '{"token":null,"version":1}' });
    const pins = await call('POST', '/v1/users/1/channels/7/pins/ack', {
      timestamp: '2024-03-01T12:00:00.000Z',
    });
    expect(pins).toMatchObject({ status: 204, text: '' });
    const state = await call('GET', '/v1/users/1/read-states/7');
    expect(state.status).toBe(200);
    expect(state.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(state.text).toBe(
      '{"id":"7","read_state_type":0,"last_message_id":"9","mention_count":3,' +
        '"last_pin_timestamp":"2024-03-01T12:00:00.000Z","flags":1,"last_viewed":3347}',
    );
  });

  it('takes an ack without a body', async () => {
    const ack = await call('POST', `/v1/users/${MAX_ID}/channels/${MAX_ID}/messages/1/ack`);
    expect(ack).toMatchObject({ status: 200, text: '{"token":null,"version":1}' });
  });

  it('lists in pages that say where they go on', async () => {
    const acks = ['10', '9', '11'].map((id) => ({ channel_id: id, message_id: '5' }));
    const typed = { channel_id: '1', message_id: '5', read_state_type: 2 };
    const bulk = await call('POST', '/v1/users/1/read-states/ack-bulk', {
      read_states: [...acks, typed],
    });
    expect(bulk).toMatchObject({ status: 204, text: '' });
    const page = async (query: string) => {
      const { text } = await call('GET', `/v1/users/1/read-states${query}`);
      const list = JSON.parse(text) as { entries: { id: string }[] };
      return { ...list, entries: list.entries.map(({ id }) => id) };
    };
    const whole = { version: 1, partial: false, entries: ['9', '10', '11', '1'], next: null };
    expect(await page('')).toEqual(whole);
    expect(await page('?limit=2')).toEqual({
      version: 1,
      partial: true,
      entries: ['9', '10'],
      next: '0:10',
    });
    expect(await page('?after=0:10')).toMatchObject({ partial: true, entries: ['11', '1'] });
    expect(await page('?after=0:11&limit=1')).toMatchObject({ entries: ['1'], next: null });
    expect(await page('?type=0&after=10')).toMatchObject({ entries: ['11'], next: null });
    expect(await page('?type=5')).toEqual({ version: 0, partial: false, entries: [], next: null });
  });

  it('answers a query in the order asked, the absent left out', async () => {
    for (const channel of ['7', '8']) {
      await call('POST', `/v1/users/1/channels/${channel}/messages/9/ack`);
    }
    const { status, text } = await call('POST', '/v1/users/1/read-states/query', {
      ids: ['8', '99', '7'],
    });
    expect(status).toBe(200);
    expect(text).toBe(
      '{"version":1,"entries":[' +
        '{"id":"8","read_state_type":0,"last_message_id":"9","mention_count":0},' +
        '{"id":"7","read_state_type":0,"last_message_id":"9","mention_count":0}]}',
    );
  });

  it('counts the users whom a mention reached', async () => {
    await call('POST', '/v1/users/2/channels/7/messages/100/ack');
    const mention = await call('POST', '/v1/channels/7/mentions', {
      message_id: '50',
      user_ids: ['1', '2', '3'],
    });
    expect(mention).toMatchObject({ status: 200, text: '{"applied":2}' });
  });

  it('removes a state as often as it is asked', async () => {
    await call('POST', '/v1/users/1/channels/7/messages/9/ack');
    for (let i = 0; i < 2; i += 1) {
      const removed = await call('DELETE', '/v1/users/1/read-states/7', { version: 2 });
      expect(removed).toMatchObject({ status: 204, text: '' });
    }
    const gone = await call('GET', '/v1/users/1/read-states/7');
    expect(gone).toMatchObject({
      status: 404,
      text: '{"code":10100,"message":"Unknown Read State"}',
    });
  });

  it.each<[string, Method, string, unknown, string]>([
    ['a user of zero', 'GET', '/v1/users/0/read-states', undefined, 'user_id'],
    ['a leading zero', 'GET', '/v1/users/01/read-states', undefined, 'user_id'],
    ['a sign', 'GET', '/v1/users/+1/read-states', undefined, 'user_id'],
    ['2^63', 'GET', '/v1/users/1/read-states/9223372036854775808', undefined, 'channel_id'],
    ['20 digits', 'GET', '/v1/users/1/read-states/10000000000000000000', undefined, 'channel_id'],
    ['a word', 'POST', '/v1/users/1/channels/7/messages/x/ack', undefined, 'message_id'],
    ['type 6', 'GET', '/v1/users/1/read-states/7?type=6', undefined, 'type'],
    ['an empty type', 'GET', '/v1/users/1/read-states?type=', undefined, 'type'],
    ['two types', 'GET', '/v1/users/1/read-states?type=1&type=1', undefined, 'type'],
    ['limit 0', 'GET', '/v1/users/1/read-states?limit=0', undefined, 'limit'],
    ['limit 1001', 'GET', '/v1/users/1/read-states?limit=1001', undefined, 'limit'],
    ['after without type', 'GET', '/v1/users/1/read-states?after=7', undefined, 'after'],
    [
      'after of another type',
      'GET',
      '/v1/users/1/read-states?type=1&after=0:7',
      undefined,
      'after',
    ],
    ['no JSON', 'POST', '/v1/users/1/read-states/query', '{', 'body'],
    ['a list for a body', 'POST', '/v1/users/1/read-states/query', '[]', 'body'],
    ['no ids', 'POST', '/v1/users/1/read-states/query', {}, 'ids'],
    ['no id', 'POST', '/v1/users/1/read-states/query', { ids: [] }, 'ids'],
    ['201 ids', 'POST', '/v1/users/1/read-states/query', { ids: Array(201).fill('1') }, 'ids'],
    ['a number for an id', 'POST', '/v1/users/1/read-states/query', { ids: ['1', 7] }, 'ids.1'],
    ['flags 256', 'POST', '/v1/users/1/channels/7/messages/9/ack', { flags: 256 }, 'flags'],
    ['flags null', 'POST', '/v1/users/1/channels/7/messages/9/ack', { flags: null }, 'flags'],
    ['half a flag', 'POST', '/v1/users/1/channels/7/messages/9/ack', { flags: 0.5 }, 'flags'],
    [
      '2^31 mentions',
      'POST',
      '/v1/users/1/channels/7/messages/9/ack',
      { mention_count: 2 ** 31 },
      'mention_count',
    ],
    [
      'day 65,536',
      'POST',
      '/v1/users/1/channels/7/messages/9/ack',
      { last_viewed: 65_536 },
      'last_viewed',
    ],
    ['manual 1', 'POST', '/v1/users/1/channels/7/messages/9/ack', { manual: 1 }, 'manual'],
    ['token 1', 'POST', '/v1/users/1/channels/7/messages/9/ack', { token: 1 }, 'token'],
    ['no timestamp', 'POST', '/v1/users/1/channels/7/pins/ack', {}, 'timestamp'],
    [
      'no milliseconds',
      'POST',
      '/v1/users/1/channels/7/pins/ack',
      { timestamp: '2024-03-01T12:00:00Z' },
      'timestamp',
    ],
    [
      '101 acks',
      'POST',
      '/v1/users/1/read-states/ack-bulk',
      { read_states: Array.from({ length: 101 }, () => ({})) },
      'read_states',
    ],
    [
      'an ack without ids',
      'POST',
      '/v1/users/1/read-states/ack-bulk',
      { read_states: [{}] },
      'read_states.0.channel_id',
    ],
    [
      'an ack of type 9',
      'POST',
      '/v1/users/1/read-states/ack-bulk',
      { read_states: [{ channel_id: '1', message_id: '1', read_state_type: 9 }] },
      'read_states.0.read_state_type',
    ],
    ['no message', 'POST', '/v1/channels/7/mentions', { user_ids: ['1'] }, 'message_id'],
    [
      '1,001 users',
      'POST',
      '/v1/channels/7/mentions',
      { message_id: '1', user_ids: Array(1001).fill('1') },
      'user_ids',
    ],
    ['no version', 'DELETE', '/v1/users/1/read-states/7', undefined, 'version'],
    ['version 1', 'DELETE', '/v1/users/1/read-states/7', { version: 1 }, 'version'],
  ])('refuses %s with 400 and names where', async (_name, method, url, body, path) => {
    const refused = await call(method, url, body);
    expect(refused.status).toBe(400);
    const answer = JSON.parse(refused.text) as { errors: Record<string, string> };
    expect(answer).toMatchObject({ code: 50035, message: 'Invalid Form Body' });
    expect(Object.keys(answer.errors)).toContain(path);
  });

  it('names no more than ten faults of one request', async () => {
    const { text } = await call('POST', '/v1/users/1/read-states/query', {
      ids: Array(200).fill(1),
    });
    expect(Object.keys((JSON.parse(text) as { errors: object }).errors)).toHaveLength(10);
  });

  it('answers 404 to an unknown path, 400 to a broken one, 413 to a large body', async () => {
    expect(await call('GET', '/v1/nothing')).toMatchObject({ status: 404 });
    expect(await call('PUT', '/v1/users/1/read-states/7', {})).toMatchObject({ status: 404 });
    expect(await call('GET', '/v1/users/%zz/read-states')).toMatchObject({ status: 400 });
    const large = await call('POST', '/v1/users/1/read-states/query', ' '.repeat(65_537));
    expect(large).toMatchObject({
      status: 413,
      text: '{"code":40005,"message":"Request entity too large"}',
    });
  });

  it('answers 503 where the store cannot be reached, at once or later', async () => {
    engine.isUp = false;
    const unavailable = {
      status: 503,
      text: '{"code":50300,"message":"store unavailable","retry_after":0.2}',
    };
    expect(await call('GET', '/v1/users/1/read-states')).toMatchObject(unavailable);
    expect(await call('GET', '/v1/users/1/read-states/7')).toMatchObject(unavailable);
    const query = { ids: ['7'] };
    expect(await call('POST', '/v1/users/1/read-states/query', query)).toMatchObject(unavailable);
  });
});

describe('flaws of answers', () => {
  it('strike the share they name, alike for the same seed, and store the truth', async () => {
    const run = async (): Promise<number[]> => {
      app = createApp([parseFlaw('error@20%')]);
      const statuses: number[] = [];
      for (let message = 1; message <= 200; message += 1) {
        const url = `/v1/users/1/channels/7/messages/${message}/ack`;
        statuses.push((await call('POST', url)).status);
      }
      expect(
        engine.ack(0, 1, 0, 7, 0, 200, { isManual: false, mentions: -1, flags: -1, viewed: -1 }),
      ).toBe(200);
      return statuses;
    };
    const first = await run();
    const failed = first.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(20);
    expect(failed).toBeLessThan(60);
    expect(await run()).toEqual(first);
  });

  it('delay and leak without changing what is answered', async () => {
    app = createApp([parseFlaw('slow:1ms@100%'), parseFlaw('leak')]);
    const ack = await call('POST', '/v1/users/1/channels/7/messages/9/ack');
    expect(ack).toMatchObject({ status: 200, text: '{"token":null,"version":1}' });
    const removed = await call('DELETE', '/v1/users/1/read-states/7', { version: 2 });
    expect(removed).toMatchObject({ status: 204, text: '' });
  });
});
