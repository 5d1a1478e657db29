import type { FastifyInstance, FastifyReply } from 'fastify';
import { createRandom } from '../kit/random.ts';
import { INTERNAL_ERROR } from './api-answers.ts';
import type { Flaw } from './flaws.ts';

/** Bytes that the flaw `leak` keeps for every request. */
const LEAK_BYTES = 1024;

/**
 * Makes the answers of `app` wrong in the ways of the flaws `slow`, `error` and `leak`: an answer
 * is held back, replaced or paid for with memory after the request has been carried out whole.
 * Who is struck is drawn from `seed` in the order of answers. Only paths under /v1/ are struck,
 * so that health and metrics stay true. The other flaws are not made here.
 */
export function spoilAnswers(
  app: FastifyInstance,
  flaws: readonly Flaw[],
  seed: number,
  isFlawed: () => boolean,
): void {
  const random = createRandom(seed);
  const slow = flaws.filter((flaw) => flaw.kind === 'slow');
  const error = flaws.filter((flaw) => flaw.kind === 'error');
  const leaks = flaws.filter((flaw) => flaw.kind === 'leak').length;
  if (slow.length + error.length + leaks === 0) return;
  const kept: Uint8Array[] = [];

  app.addHook('onSend', (request, reply, payload, done) => {
    if (!isFlawed() || !request.url.startsWith('/v1/')) {
      done(null, payload);
      return;
    }
    for (let i = 0; i < leaks; i += 1) kept.push(new Uint8Array(LEAK_BYTES).fill(kept.length));
    let delayMs = 0;
    for (const flaw of slow) if (random.next() < flaw.share) delayMs += flaw.delayMs;
    let isError = false;
    for (const flaw of error) if (random.next() < flaw.share) isError = true;
    const answer = isError ? fail(reply) : payload;
    if (delayMs === 0) done(null, answer);
    else setTimeout(() => done(null, answer), delayMs);
  });
}

function fail(reply: FastifyReply): string {
  void reply.code(500).header('content-type', 'application/json; charset=utf-8');
  return INTERNAL_ERROR;
}
