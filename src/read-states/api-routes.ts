import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  ackJson,
  type AnswerStyle,
  appliedJson,
  EntryList,
  stateJson,
  UNKNOWN_STATE,
} from './api-answers.ts';
import {
  parseAck,
  parseBody,
  parseBulkAcks,
  parseListOptions,
  parseMentions,
  parsePathId,
  parsePinAck,
  parseQuery,
  parseRemoval,
  parseStateType,
} from './api-parse.ts';
import type { ReadStatesEngine } from './engine.ts';
import { createState } from './rules.ts';

/** How states are answered just now. */
export type StyleSource = () => AnswerStyle;

/** Where the routes find their engine; throws `StoreUnavailable` until there is one. */
export type EngineSource = () => ReadStatesEngine;

interface PathIds {
  readonly u: string;
  readonly c: string;
  readonly m: string;
}

type Query = Readonly<Record<string, unknown>>;
type ApiRequest = FastifyRequest<{ Params: PathIds; Querystring: Query }>;

/** A handler that had its answer at once sends it itself; else it promises the text to send. */
type Answering = Promise<string | undefined> | undefined;

const JSON_TYPE = 'application/json; charset=utf-8';
const NO_CONTENT = 204;
const NOT_FOUND = 404;

/**
 * Answers with what `write` makes of a result: now, without a promise, where the cache had it.
 * An empty text is 204.
 */
function answer<T>(
  reply: FastifyReply,
  result: T | Promise<T>,
  write: (value: T, reply: FastifyReply) => string,
): Answering {
  if (result instanceof Promise) {
    return result.then((value) => prepare(reply, write(value, reply)));
  }
  void reply.send(prepare(reply, write(result, reply)));
  return undefined;
}

function prepare(reply: FastifyReply, text: string): string | undefined {
  if (text === '') {
    void reply.code(NO_CONTENT);
    return undefined;
  }
  void reply.header('content-type', JSON_TYPE);
  return text;
}

function nothing(): string {
  return '';
}

/**
 * The eight routes of the Read States API. A list's `next` is `TYPE:ID` of its last entry when
 * there are more, and goes into `after`; `partial` is true unless the answer is the whole list,
 * that is when it goes on or when it began behind an `after`.
 */
export function addApiRoutes(app: FastifyInstance, engine: EngineSource, style: StyleSource): void {
  addReads(app, engine, style);
  addWrites(app, engine);
}

function addReads(app: FastifyInstance, engine: EngineSource, style: StyleSource): void {
  app.get('/v1/users/:u/read-states', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const options = parseListOptions(request.query);
    const entries = new EntryList(style());
    const listing = engine().list(user.hi, user.lo, options, (state) => entries.add(state));
    return answer(reply, listing, (hasMore) =>
      entries.listJson(hasMore || options.after !== null, hasMore),
    );
  });

  app.get('/v1/users/:u/read-states/:c', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const channel = parsePathId(request.params.c, 'channel_id');
    const ref = {
      type: parseStateType(request.query),
      channelHi: channel.hi,
      channelLo: channel.lo,
    };
    const state = createState();
    return answer(reply, engine().get(user.hi, user.lo, ref, state), (isKnown, reply) => {
      if (isKnown) return stateJson(state, style());
      void reply.code(NOT_FOUND);
      return UNKNOWN_STATE;
    });
  });

  app.post('/v1/users/:u/read-states/query', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const refs = parseQuery(parseBody(request.body));
    const entries = new EntryList(style());
    const visits = engine().query(user.hi, user.lo, refs, (state) => entries.add(state));
    return answer(reply, visits, () => entries.queryJson());
  });
}

function addWrites(app: FastifyInstance, engine: EngineSource): void {
  app.post('/v1/users/:u/channels/:c/messages/:m/ack', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const channel = parsePathId(request.params.c, 'channel_id');
    const message = parsePathId(request.params.m, 'message_id');
    const options = parseAck(parseBody(request.body));
    const acked = engine().ack(
      user.hi,
      user.lo,
      channel.hi,
      channel.lo,
      message.hi,
      message.lo,
      options,
    );
    return answer(reply, acked, ackJson);
  });

  app.post('/v1/users/:u/channels/:c/pins/ack', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const channel = parsePathId(request.params.c, 'channel_id');
    const pinAtMs = parsePinAck(parseBody(request.body));
    const acked = engine().ackPins(user.hi, user.lo, channel.hi, channel.lo, pinAtMs);
    return answer(reply, acked, nothing);
  });

  app.post('/v1/users/:u/read-states/ack-bulk', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const acks = parseBulkAcks(parseBody(request.body));
    return answer(reply, engine().ackBulk(user.hi, user.lo, acks), nothing);
  });

  app.post('/v1/channels/:c/mentions', (request: ApiRequest, reply): Answering => {
    const channel = parsePathId(request.params.c, 'channel_id');
    const { message, users } = parseMentions(parseBody(request.body));
    const applied = engine().mention(channel.hi, channel.lo, message.hi, message.lo, users);
    return answer(reply, applied, appliedJson);
  });

  app.delete('/v1/users/:u/read-states/:c', (request: ApiRequest, reply): Answering => {
    const user = parsePathId(request.params.u, 'user_id');
    const channel = parsePathId(request.params.c, 'channel_id');
    const type = parseRemoval(parseBody(request.body));
    const ref = { type, channelHi: channel.hi, channelLo: channel.lo };
    return answer(reply, engine().remove(user.hi, user.lo, ref), nothing);
  });
}
