/**
 * The control API: status, events, verbs and metrics on loopback, for the command line and for
 * other tools. In: HTTP with a bearer token. Out: JSON. It never decides anything itself.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { CrossfadeError, codeOf, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { ObservedSecond } from '../model/observed.ts';
import type { ListenSettings } from '../model/settings.ts';
import type { Controller } from '../rollout/controller.ts';
import { isAuthorized, isLoopback, isOwnHost } from './auth.ts';
import { capConnections } from './connection-cap.ts';
import { controlPathOf, removeControlPoint, writeControlPoint } from './control-file.ts';
import { renderMetrics } from './metrics.ts';
import { parseVerb, type Reloaded, requireRevision, VERBS, type Verb } from './routes.ts';

export interface ControlOptions {
  readonly listen: ListenSettings;
  /** control.json is written beside this file. */
  readonly storePath: string;
  readonly controller: Controller;
  /** Reads the configuration anew and puts it in force; rejects with what is wrong with it. */
  readonly reload?: () => Promise<Reloaded>;
  /** Stored seconds that began at or after a time, oldest first, as many as go into one answer. */
  readonly observed?: (sinceMs: number) => readonly ObservedSecond[];
}

export interface ControlServer {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** Removes control.json if it is still ours: commands find this run no more. */
  withdraw(): void;
  /** Withdraws and stops listening. */
  close(): Promise<void>;
}

/** Read without a token: they say nothing of keys, bodies or reasons. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/metrics', '/livez', '/readyz']);
const STATUS_OF: Readonly<Record<string, number>> = {
  'bad-request': 400,
  refused: 409,
  'gate-failed': 409,
  'revision-changed': 409,
  'needs-restart': 409,
  'config-invalid': 422,
  'config-unreadable': 422,
  'config-too-large': 422,
};

/**
 * Starts the control API and tells where it is in control.json. Throws `port-in-use` and
 * `control-not-loopback` (exit 2).
 */
export async function startControl(options: ControlOptions): Promise<ControlServer> {
  const { listen, storePath, controller } = options;
  if (!isLoopback(listen.host)) {
    throw new CrossfadeError(
      'control-not-loopback',
      `The control API listens on loopback alone, not on ${listen.host}.`,
      { hint: 'Use 127.0.0.1:PORT; from elsewhere, go through ssh.' },
    );
  }
  const token = randomBytes(32).toString('hex');
  const app = buildControl(controller, token, listen.host, options);
  const address = await listenOn(app, listen);
  const path = controlPathOf(storePath);
  const store = basename(storePath);
  const { epoch } = controller;
  writeControlPoint(path, { address, token, pid: process.pid, epoch, store });
  const withdraw = (): void => removeControlPoint(path, token);
  return {
    address,
    withdraw,
    close: async () => {
      withdraw();
      await app.close();
    },
  };
}

/** The API without a socket, as tests use it. */
export function buildControl(
  controller: Controller,
  token: string,
  listenHost: string,
  { reload, observed }: Pick<ControlOptions, 'reload' | 'observed'> = {},
): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.controlBodyMaxBytes,
    requestTimeout: LIMITS.controlRequestMaxMs,
    // Node looks for those that are late only every 30 s unless told.
    http: { headersTimeout: LIMITS.controlHeadMaxMs, connectionsCheckingInterval: 1000 },
    keepAliveTimeout: 5000,
    forceCloseConnections: true,
  });
  capConnections(app.server, LIMITS.controlConnectionsMax);
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => guard(request, reply, token, listenHost));
  app.setErrorHandler((error, _request, reply) => answerError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, 404, 'not-found', `There is no ${request.method} ${request.url}.`, ''),
  );
  // Two questions: whether this process lives, and whether the data port takes requests.
  app.get('/livez', () => ({ ok: true }));
  app.get('/readyz', (_request, reply) => {
    const { workers, legacyReachable } = controller.status();
    const isReady = workers > 0 && legacyReachable;
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, workers, legacyReachable });
  });
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(renderMetrics(controller.status())),
  );
  app.get('/v1/status', () => controller.status());
  app.get('/v1/events', (request) => {
    const limit = numberOf(request, 'limit', LIMITS.eventsMax);
    return { events: controller.events(numberOf(request, 'after', 0), limit) };
  });
  app.get('/v1/seconds', (request) => ({
    seconds: controller.seconds(numberOf(request, 'since', 0)),
  }));
  app.get('/v1/observed', (request) => ({
    seconds: observed?.(numberOf(request, 'since', 0)) ?? [],
  }));
  for (const verb of Object.keys(VERBS) as Verb[]) {
    app.post(`/v1/${verb}`, async (request) => {
      const asked = parseVerb(verb, request.body);
      requireRevision(controller, asked);
      await VERBS[verb](controller, asked);
      return controller.status();
    });
  }
  if (reload !== undefined) {
    app.post('/v1/reload', (request) => {
      parseVerb('reload', request.body);
      return reload();
    });
  }
  return app;
}

async function guard(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  listenHost: string,
): Promise<FastifyReply | undefined> {
  reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
  const isForeign = !isOwnHost(request.headers.host, listenHost);
  // No page of a browser has any business here.
  if (isForeign || request.headers.origin !== undefined) {
    const hint = 'Call it by 127.0.0.1, without an Origin.';
    return refuse(reply, 403, 'foreign-host', 'The control API answers this machine alone.', hint);
  }
  const isOpen = request.method === 'GET' && OPEN_PATHS.has(request.url);
  if (isOpen || isAuthorized(request.headers.authorization, token)) return undefined;
  reply.header('www-authenticate', 'Bearer');
  const hint = 'Send Authorization: Bearer TOKEN, with the token in control.json.';
  return refuse(reply, 401, 'unauthorized', 'The token is missing or wrong.', hint);
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof CrossfadeError) {
    const { code, message, hint = '', exitCode } = error;
    return reply.code(STATUS_OF[code] ?? 503).send({ code, message, hint, exitCode });
  }
  // The framework's own refusals carry their status; everything else is a bug of ours.
  const isRefusal = typeof error === 'object' && error !== null && 'statusCode' in error;
  const status = isRefusal ? Number(error.statusCode) : 500;
  const code = status < 500 ? 'bad-request' : 'internal';
  return refuse(reply, status, code, messageOf(error), '');
}

function refuse(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  hint: string,
): FastifyReply {
  return reply.code(status).send({ code, message, hint });
}

/** A whole number of the query; `fallback` where it is absent or none. */
function numberOf(request: FastifyRequest, name: string, fallback: number): number {
  const given = (request.query as Readonly<Record<string, unknown>>)[name];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : fallback;
}

async function listenOn(app: FastifyInstance, listen: ListenSettings): Promise<string> {
  try {
    return await app.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    await app.close();
    throw listenError(listen, error);
  }
}

function listenError(listen: ListenSettings, error: unknown): unknown {
  if (codeOf(error) !== 'EADDRINUSE') return error;
  return new CrossfadeError(
    'port-in-use',
    `cannot listen on ${listen.host}:${listen.port} for the control API: the port is in use`,
    { hint: 'stop what holds the port, or choose another with `control.listen`', cause: error },
  );
}

/** Finds out early, before anything is said of a start. Throws `port-in-use` (exit 2). */
export async function requireFreePort(listen: ListenSettings): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(listen.port, listen.host);
    await once(probe, 'listening');
  } catch (error) {
    throw listenError(listen, error);
  } finally {
    probe.close();
  }
}
