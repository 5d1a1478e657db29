import type { FastifyInstance } from 'fastify';
import { sendJson } from './api.ts';
import { UNAVAILABLE } from './api-answers.ts';
import { InvalidForm } from './api-parse.ts';
import type { ReadStatesEngine } from './engine.ts';
import { metricsText, type MetricsSources } from './metrics.ts';

export interface OpsSources {
  /** Null until engine and store are up. */
  readonly engine: () => ReadStatesEngine | null;
  readonly metrics: () => MetricsSources;
}

/**
 * The routes for whoever runs the process:
 * GET /livez: 200 while the process answers. GET /readyz: 200 once engine and store are up, else
 * 503. GET /metrics: Prometheus text. GET /internal/collections?since=MS: collections that ended
 * after that wall-clock moment, `[{startMs, endMs, kind, isForced}]`. POST /internal/flush:
 * `{"flushed":n}` once the n states that were dirty are in the store, or 503.
 */
export function addOpsRoutes(app: FastifyInstance, sources: OpsSources): void {
  app.get('/livez', (_request, reply) => sendJson(reply, 200, '{"live":true}'));

  app.get('/readyz', (_request, reply) => {
    const isReady = sources.engine() !== null;
    sendJson(reply, isReady ? 200 : 503, `{"ready":${isReady}}`);
  });

  app.get('/metrics', (_request, reply) => {
    void reply
      .header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      .send(metricsText(sources.metrics()));
  });

  app.get<{ Querystring: { since?: unknown } }>('/internal/collections', (request, reply) => {
    const since = request.query.since ?? '0';
    const sinceMs = typeof since === 'string' ? Number(since) : Number.NaN;
    if (!Number.isFinite(sinceMs)) throw new InvalidForm({ since: 'must be milliseconds' });
    const collections = sources.metrics().runtime.collectionsSince(sinceMs);
    sendJson(reply, 200, JSON.stringify(collections));
  });

  app.post('/internal/flush', async (_request, reply) => {
    const engine = sources.engine();
    if (engine === null) {
      sendJson(reply, 503, UNAVAILABLE);
      return reply;
    }
    const dirty = engine.stats().dirty;
    await engine.flush();
    sendJson(reply, 200, `{"flushed":${dirty}}`);
    return reply;
  });
}
