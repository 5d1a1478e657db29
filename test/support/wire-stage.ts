/** The whole proxy between a raw client and two recording sides, and what came of one input. */
import type { Comparison } from '../../src/model/pair.ts';
import type { RejectReason } from '../../src/model/reject.ts';
import type { Analyst } from '../../src/proxy/analyst/analyst.ts';
import type { ProxyParts } from '../../src/proxy/proxy.ts';
import type { Changes, Expected, Forwarded, RequestCase } from '../wire/rows.ts';
import { type RunningProxy, startProxy, testRoute, testSettings } from './proxy.ts';
import { until } from './sides.ts';
import { type Cut, RawClient, type RecordingSide, startRecordingSide } from './wire.ts';
import { type SeenAnswer, type SeenRequest, valuesOf } from './wire-parse.ts';

const WAIT_MS = 5000;
/** How long a connection that should be closed may stay open. */
const CLOSE_MS = 3000;

export interface Stage {
  readonly proxy: RunningProxy;
  readonly legacy: RecordingSide;
  readonly candidate: RecordingSide;
  close(): Promise<void>;
}

/** A proxy that mirrors everything safe, and what it talks to. */
export async function startStage(changes: Changes = {}): Promise<Stage> {
  const legacy = await startRecordingSide();
  const candidate = await startRecordingSide();
  const proxy = await startWireProxy(legacy.url, candidate.url, changes);
  return {
    proxy,
    legacy,
    candidate,
    async close() {
      await proxy.close();
      await legacy.close();
      await candidate.close();
    },
  };
}

/**
 * Calls different whatever is not equal byte by byte, without a thread: what differs, and where,
 * is not the wire's matter.
 */
export function bytesAlone(): Analyst {
  const listeners: ((id: number, comparison: Comparison) => void)[] = [];
  return {
    offer({ id, compare }) {
      const tell = (): void => {
        for (const listener of listeners) listener(id, { kind: 'mismatched', divergences: [] });
      };
      if (compare) setImmediate(tell);
      return compare;
    },
    onVerdict: (listener) => void listeners.push(listener),
    ruled: () => undefined,
    takeClusters: () => [],
    takeRules: () => [],
    equal: () => undefined,
    begin: () => undefined,
    stalled: () => undefined,
    noise: () => null,
    recordsDropped: () => 0,
    drain: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** A proxy of the wire suite in front of any two sides. */
export function startWireProxy(
  legacy: string,
  candidate: string,
  changes: Changes = {},
  over: Partial<ProxyParts> = { analyst: bytesAlone() },
): Promise<RunningProxy> {
  const { port, ...rest } = changes;
  const routes = [testRoute('QUERY /safe/:id', { safe: true })];
  const settings = testSettings(legacy, candidate, { key: null, routes, ...rest });
  return startProxy({ ...settings, port: { ...settings.port, ...port } }, 0, over);
}

/** What became of one input: to be equal to what its case expects. */
export interface Observed {
  /** Status, and the request that the answer says it belongs to. */
  readonly answers: readonly string[];
  readonly end: 'kept' | 'closed';
  /** Whole requests, in order. */
  readonly live: readonly string[];
  /** Whole requests, in no order. */
  readonly shadow: readonly string[];
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** What is wrong besides. */
  readonly problems: readonly string[];
}

let lastId = 0;

/** The case with its placeholders filled in. */
function filled(text: string, id: string, stage: Stage): string {
  return text.replaceAll('{id}', id).replaceAll('{port}', String(stage.proxy.port));
}

function canary(id: string, name: string): string {
  return `GET /canary/${id}/${name} HTTP/1.1\r\nHost: h\r\n\r\n`;
}

/** What the case expects of this run of it. */
export function expectedOf({ expect }: RequestCase, id: string): Observed {
  const other = `GET /canary/${id}/other`;
  const isKept = expect.kind === 'forwarded' && expect.end === 'kept';
  const own = isKept ? [`GET /canary/${id}/own`] : [];
  const requests = expect.kind === 'forwarded' ? expect.requests : [];
  const shown = (request: Forwarded): string =>
    [request.line, request.body ?? ''].join(' ').trim().replaceAll('{id}', id);
  const live = [...requests.map(shown), ...own, other];
  const shadow = [...requests.filter(isMirrored).map(shown), ...own, other].toSorted();
  const answers = [
    ...requests.map((request) => `200 ${request.line.replaceAll('{id}', id)}`),
    ...own.map((line) => `200 ${line}`),
    ...refusalsOf(expect).map(([status]) => String(status)),
  ];
  const rejected = Object.fromEntries(refusalsOf(expect).map(([, reason]) => [reason, 1]));
  return { answers, end: isKept ? 'kept' : 'closed', live, shadow, rejected, problems: [] };
}

function refusalsOf(expect: Expected): (readonly [number, RejectReason])[] {
  if (expect.kind === 'rejected' || expect.kind === 'aborted') {
    return [[expect.status, expect.reason]];
  }
  if (expect.kind !== 'forwarded' || typeof expect.end === 'string') return [];
  return [[expect.end.status, expect.end.reason]];
}

function isMirrored({ line, isMirrored: says }: Forwarded): boolean {
  return says ?? (/^(GET|HEAD|OPTIONS) /.test(line) || line.includes(' /safe/'));
}

/** Sends the case's input, cut so, and answers what came of it and what should have. */
export async function runCase(
  stage: Stage,
  wireCase: RequestCase,
  cut: Cut,
): Promise<{ readonly observed: Observed; readonly expected: Observed }> {
  const id = `i${(lastId += 1)}`;
  const expected = expectedOf(wireCase, id);
  const { proxy, legacy, candidate } = stage;
  const before = { ...proxy.traffic().rejected };
  const liveFrom = legacy.seen.length;
  const shadowFrom = candidate.seen.length;
  const client = new RawClient(proxy.port);
  const end = await converse(stage, client, wireCase, { id, cut, expected });
  const heads = expected.answers.map((answer) => answer.startsWith('200 HEAD'));
  const { answers, rest } = client.answers(heads);
  client.close();
  await askElsewhere(proxy.port, canary(id, 'other'));
  const isSettled = await settles(
    () =>
      proxy.traffic().inFlight === 0 &&
      legacy.pendingCount === 0 &&
      legacy.seen.length - liveFrom >= expected.live.length &&
      candidate.seen.length - shadowFrom >= expected.shadow.length,
  );
  const live = legacy.seen.slice(liveFrom);
  const shadow = candidate.seen.slice(shadowFrom);
  const problems = [
    ...(isSettled ? [] : ['not settled']),
    ...(rest === '' || end === 'closed' ? [] : [`behind the answers: ${rest}`]),
    ...legacy.malformed.splice(0),
    ...candidate.malformed.splice(0).map((why) => `shadow: ${why}`),
    ...candidate.partial.splice(0).map((text) => `shadow got a part: ${text}`),
    ...(isBrokenOff(wireCase) ? [] : legacy.partial.map((text) => `part: ${text}`)),
    ...fieldProblems(wireCase.expect, live, id),
    ...fieldProblems(wireCase.expect, shadow, id),
    ...differences(live, shadow),
  ];
  legacy.partial.length = 0;
  const observed: Observed = {
    answers: answers.map(shownAnswer),
    end,
    live: live.map(shownRequest),
    shadow: shadow.map(shownRequest).toSorted(),
    rejected: increase(before, proxy.traffic().rejected),
    problems,
  };
  return { observed, expected };
}

/** The live side may have got a part of it. */
function isBrokenOff({ expect, tail }: RequestCase): boolean {
  return expect.kind === 'aborted' || tail === 'reset';
}

interface Conversation {
  readonly id: string;
  readonly cut: Cut;
  readonly expected: Observed;
}

async function converse(
  stage: Stage,
  client: RawClient,
  wireCase: RequestCase,
  { id, cut, expected }: Conversation,
): Promise<'kept' | 'closed'> {
  const { send, tail = 'canary' } = wireCase;
  const isLater = expected.end === 'kept' && cut !== 'whole';
  const own = tail === 'canary' ? canary(id, 'own') : '';
  await client.send(filled(send, id, stage) + (isLater ? '' : own), cut);
  if (tail === 'fin') client.socket.end();
  if (tail === 'reset') {
    await settles(() => stage.legacy.pendingCount > 0);
    client.reset();
    return 'closed';
  }
  const heads = expected.answers.map((answer) => answer.startsWith('200 HEAD'));
  const has = (count: number) => () =>
    client.isClosed || client.isEnded || client.answers(heads).answers.length >= count;
  const count = expected.answers.length;
  await client.when(has(isLater ? count - 1 : count), WAIT_MS);
  if (isLater) {
    await client.send(own, cut);
    await client.when(has(count), WAIT_MS);
  }
  if (expected.end === 'closed') await client.whenClosed(CLOSE_MS);
  return client.isEnded || client.isClosed ? 'closed' : 'kept';
}

async function askElsewhere(port: number, request: string): Promise<void> {
  const client = new RawClient(port);
  await client.send(request);
  await client.when(() => client.isEnded || client.answers().answers.length > 0, WAIT_MS);
  client.close();
}

async function settles(condition: () => boolean): Promise<boolean> {
  const deadlineMs = performance.now() + WAIT_MS;
  await until(() => condition() || performance.now() > deadlineMs);
  return condition();
}

function shownAnswer(answer: SeenAnswer): string {
  const [echoed] = valuesOf(answer.headers, 'x-echo');
  if (echoed !== undefined) return `${answer.status} ${echoed}`;
  // A refusal says whose it is and closes, and repeats nothing of what it refuses.
  const [mark] = valuesOf(answer.headers, 'crossfade-error');
  const isClosing = valuesOf(answer.headers, 'connection')[0] === 'close';
  const isOwn = /^crossfade: [\w ,.:;/-]+\n$/.test(answer.body.toString());
  return mark !== undefined && isClosing && isOwn ? String(answer.status) : JSON.stringify(answer);
}

function shownRequest({ method, target, body }: SeenRequest): string {
  return `${method} ${target} ${body.toString('latin1')}`.trim();
}

/** What a forwarded request has too much or too little of. */
function fieldProblems(expect: Expected, seen: readonly SeenRequest[], id: string): string[] {
  if (expect.kind !== 'forwarded') return [];
  return expect.requests.flatMap(({ line, has = [], lacks = [] }) => {
    const wanted = line.replaceAll('{id}', id);
    const request = seen.find(({ method, target }) => `${method} ${target}` === wanted);
    if (request === undefined) return [];
    const lines = linesOf(request);
    const missing = has.filter((field) => !lines.includes(field));
    const surplus = lacks.filter((name) => valuesOf(request.headers, name).length > 0);
    return [
      ...missing.map((field) => `${wanted} lacks ${field} in ${lines.join(', ')}`),
      ...surplus.map((name) => `${wanted} has ${name}`),
    ];
  });
}

function linesOf({ headers }: SeenRequest): string[] {
  return headers.filter((_, i) => i % 2 === 0).map((name, i) => `${name}: ${headers[i * 2 + 1]}`);
}

/** How a shadow's copy differs from the live request but for its mark, framing and own host. */
function differences(live: readonly SeenRequest[], shadow: readonly SeenRequest[]): string[] {
  const isOwn = (line: string): boolean =>
    /^(crossfade-role:|content-length:|transfer-encoding:|host: 127\.0\.0\.1:)/i.test(line);
  const byLine = new Map(live.map((request) => [`${request.method} ${request.target}`, request]));
  return shadow.flatMap((copy) => {
    const original = byLine.get(`${copy.method} ${copy.target}`);
    if (original === undefined) return [];
    const from = linesOf(original)
      .filter((line) => !isOwn(line))
      .join('\n');
    const to = linesOf(copy)
      .filter((line) => !isOwn(line))
      .join('\n');
    return from === to ? [] : [`the shadow’s copy differs:\n${from}\n--\n${to}`];
  });
}

type Counts = Readonly<Partial<Record<RejectReason, number>>>;

function increase(before: Counts, after: Counts): Counts {
  const grown: Partial<Record<RejectReason, number>> = {};
  for (const [reason, count] of Object.entries(after) as [RejectReason, number][]) {
    const more = count - (before[reason] ?? 0);
    if (more > 0) grown[reason] = more;
  }
  return grown;
}
