/**
 * A request's whole way through the proxy, on one screen:
 *
 *   accept -> identify (route, keys, safe or write) -> assign (live side, mirrored or why not)
 *          -> forward (live; bytes unchanged) -> answer the client
 *          -> mirror (shadow; own pool, budget, deadline) -> pair -> compare -> accumulate
 *
 * In: requests of node:http. Out: answers, and counts in the accumulator. It never touches the
 * disk, waits for the shadow, or parses a body (but where a route's key is in it).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS } from '../kit/limits.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import type { Assignment } from '../model/assignment.ts';
import { assign, type Plan } from './assign.ts';
import { collectBody, type RequestBody } from './body.ts';
import type { Forwarder } from './forward.ts';
import { endToEnd } from './headers.ts';
import type { Identifier, Identity } from './identify.ts';
import type { KeyOrder } from './key-order.ts';
import type { Mirror } from './mirror.ts';
import type { Pairing } from './pairing.ts';
import { Passage } from './passage.ts';
import type { TaintedKeys } from './taint.ts';
import type { WriteLog } from './write-log.ts';

export interface PipelineParts {
  readonly identifier: Identifier;
  readonly forwarder: Forwarder;
  readonly mirror: Mirror;
  readonly pairing: Pairing;
  readonly order: KeyOrder;
  readonly tainted: TaintedKeys;
  readonly writes: WriteLog;
  readonly count: Accumulator;
  readonly assignment: () => Assignment;
  readonly hasKey: boolean;
  readonly nowUs: () => number;
}

export type Pipeline = (request: IncomingMessage, response: ServerResponse) => void;

/** The way of one request, from its arrival to the end of its pair. */
export function createPipeline(parts: PipelineParts): Pipeline {
  return (request, response) => {
    const arrivedUs = parts.nowUs();
    collectBody(request, LIMITS.captureMaxBytes, (body) => {
      const identity = identify(parts, request, body);
      const plan = assign(
        identity,
        parts.assignment(),
        body.kind !== 'stream',
        parts.order,
        parts.tainted,
      );
      const legRequest = {
        method: request.method!,
        target: request.url!,
        headers: endToEnd(request.rawHeaders, true),
        body: body.kind === 'whole' ? body.bytes : body.kind === 'stream' ? body.stream : null,
      };
      const passage = new Passage(request, response, arrivedUs, identity, plan, legRequest);
      begin(parts, passage);
      parts.forwarder.forward(passage, (ended) => liveEnded(parts, ended));
      if (passage.isMirrored) parts.mirror.send(passage, (ended) => shadowEnded(parts, ended));
    });
  };
}

function identify(parts: PipelineParts, request: IncomingMessage, body: RequestBody): Identity {
  const bytes = body.kind === 'whole' ? body.bytes : null;
  return parts.identifier.identify(request.method!, request.url!, request.rawHeaders, bytes);
}

/** Counts the request where it belongs and says whether it is mirrored. */
function begin(parts: PipelineParts, passage: Passage): void {
  const { identity, plan, legRequest } = passage;
  const isWrite = !identity.isSafe;
  if (parts.hasKey && identity.keys.length === 0) parts.count.keyless();
  if (isWrite) taint(parts, plan.overtaken, plan);
  if (plan.skip !== null) {
    parts.count.skipped(plan.skip);
    if (identity.isMirroredWrite) taint(parts, identity.keys, plan);
    return;
  }
  const refusal = parts.mirror.refusal(
    legRequest.body instanceof Uint8Array ? legRequest.body.length : 0,
  );
  if (refusal !== null) {
    parts.count.dropped(refusal, identity.route.name, plan.liveSide);
    if (isWrite) taint(parts, identity.keys, plan);
    return;
  }
  parts.count.mirrored();
  passage.isMirrored = true;
  passage.arrival = parts.order.liveBegins(identity.keys, isWrite, plan.liveSide);
  passage.isRaced = passage.arrival.isRaced;
  if (isWrite) passage.writeId = parts.writes.begins(identity.keys, plan.liveSide);
}

function taint(parts: PipelineParts, keys: readonly string[], plan: Plan): void {
  for (const key of keys) parts.tainted.add(key, plan.liveSide, 'not-mirrored');
}

function liveEnded(parts: PipelineParts, passage: Passage): void {
  if (!passage.isMirrored) return;
  const { keys, isSafe } = passage.identity;
  if (parts.order.liveEnds(keys, !isSafe, passage.arrival)) passage.isRaced = true;
  settleWhenBoth(parts, passage);
}

function shadowEnded(parts: PipelineParts, passage: Passage): void {
  settleWhenBoth(parts, passage);
}

function settleWhenBoth(parts: PipelineParts, passage: Passage): void {
  if (!passage.isSettled || passage.isCounted) return;
  passage.isCounted = true;
  parts.pairing.settle(passage);
  if (!passage.identity.isSafe) parts.writes.ends(passage.writeId);
}
