import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { LIMITS } from '../kit/limits.ts';
import {
  INTERNAL_ERROR,
  invalidFormJson,
  styleOf,
  TRUE_STYLE,
  TOO_LARGE,
  UNAVAILABLE,
  UNKNOWN_ROUTE,
} from './api-answers.ts';
import { InvalidForm } from './api-parse.ts';
import { addApiRoutes, type EngineSource } from './api-routes.ts';
import { spoilAnswers } from './flaw-answers.ts';
import type { Flaw } from './flaws.ts';
import { StoreUnavailable } from './store.ts';

/**
 * The HTTP side of the Read States API, the same for both engines: in come requests, out go
 * answers that depend on the engine's states alone, byte for byte. Bodies are checked by hand
 * and answers written by hand: no schema is compiled and nothing is serialised twice.
 * It never opens a store, starts a timer or reads a clock.
 */
export interface ApiOptions {
  /** Throws `StoreUnavailable` while there is no engine: requests are then answered 503. */
  readonly engine: EngineSource;
  readonly flaws: readonly Flaw[];
  /** Whether the flaws strike just now; asked for each answer. */
  readonly isFlawed: () => boolean;
  /** Seeds who is struck by flaws that strike a share of requests. */
  readonly seed: number;
  /** Told of faults that are bugs; they are answered 500. */
  readonly onBug: (error: unknown) => void;
}

/** The API as a Fastify instance that does not listen yet; more routes may be added. */
export function createApi(options: ApiOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.readStatesBodyMaxBytes,
    keepAliveTimeout: LIMITS.keepAliveMs,
    requestTimeout: LIMITS.readStatesRequestMaxMs,
    // What arrives on open connections while stopping is still answered in full.
    return503OnClosing: false,
    http: { maxHeaderSize: LIMITS.headerMaxBytes },
    frameworkErrors: (error, _request, reply) => sendError(reply, error, options.onBug),
  });
  // Any content type is read as JSON text, and an absent body is no fault of the framework's.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((_request, reply) => sendJson(reply, 404, UNKNOWN_ROUTE));
  app.setErrorHandler((error: FastifyError, _request, reply) =>
    sendError(reply, error, options.onBug),
  );
  const { flaws, isFlawed } = options;
  const flawed = styleOf(flaws.map(({ kind }) => kind));
  spoilAnswers(app, flaws, options.seed, isFlawed);
  addApiRoutes(app, options.engine, () => (isFlawed() ? flawed : TRUE_STYLE));
  return app;
}

/** Sends JSON text as it is. */
export function sendJson(reply: FastifyReply, status: number, text: string): void {
  void reply.code(status).header('content-type', 'application/json; charset=utf-8').send(text);
}

function sendError(reply: FastifyReply, error: Error, onBug: (error: unknown) => void): void {
  if (error instanceof InvalidForm) {
    sendJson(reply, 400, invalidFormJson(error.errors));
    return;
  }
  if (error instanceof StoreUnavailable) {
    sendJson(reply, 503, UNAVAILABLE);
    return;
  }
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 413) sendJson(reply, 413, TOO_LARGE);
  else if (status >= 400 && status < 500) {
    sendJson(reply, 400, invalidFormJson({ request: error.message }));
  } else {
    onBug(error);
    sendJson(reply, 500, INTERNAL_ERROR);
  }
}
