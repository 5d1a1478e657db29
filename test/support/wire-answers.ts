/** What becomes of one exact answer of a side: where it is live, and where it is the shadow. */
import type { Socket } from 'node:net';
import type { AnswerCase } from '../wire/rows.ts';
import { until } from './sides.ts';
import { type RawSide, RawClient, startRawSide, startRecordingSide, turn } from './wire.ts';
import type { SeenAnswer } from './wire-parse.ts';
import { startWireProxy } from './wire-stage.ts';

const WAIT_MS = 5000;
/** Well below the silence after which any connection to a side is closed. */
const DISCARD_MS = 2000;

/** A side that answers each request, which must have no body, with the case's bytes. */
export function startAnsweringSide({ answer, end = 'keep' }: AnswerCase): Promise<RawSide> {
  return startRawSide((socket) => {
    let text = '';
    socket.on('end', () => socket.end());
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      text = '';
      void sendParts(socket, answer, end);
    });
  });
}

async function sendParts(
  socket: Socket,
  parts: readonly string[],
  end: 'keep' | 'fin' | 'reset',
): Promise<void> {
  for (const part of parts) {
    await new Promise<void>((resolve) => void socket.write(part, 'latin1', () => resolve()));
    // Far enough apart that what came first has been relayed.
    for (let turns = 0; turns < 5; turns += 1) await turn();
  }
  if (end === 'fin') socket.end();
  if (end === 'reset') socket.resetAndDestroy();
}

/** What the client and the side saw of it. */
export interface Relayed {
  readonly status: number;
  readonly body: string | null;
  readonly interim: readonly number[];
  readonly isCut: boolean;
  readonly isDiscarded: boolean;
  readonly problems: readonly string[];
}

interface Seen {
  readonly interim: readonly number[];
  readonly answer: SeenAnswer | null;
  /** The status of a whole or a cut answer; 0 for none. */
  readonly status: number;
}

async function ask(port: number, { method = 'GET', version = '1.1' }: AnswerCase): Promise<Seen> {
  const client = new RawClient(port);
  const toHead = [method === 'HEAD'];
  await client.send(`${method} /r HTTP/${version}\r\nHost: h\r\n\r\n`);
  const isFinal = ({ status }: SeenAnswer): boolean => status >= 200;
  await client.when(
    () => client.isClosed || client.isEnded || client.answers(toHead).answers.some(isFinal),
    WAIT_MS,
  );
  const { answers, rest } = client.answers(toHead);
  client.close();
  const answer = answers.find(isFinal) ?? null;
  const begun = /^HTTP\/1\.1 (\d{3}) /.exec(rest);
  return {
    interim: answers.filter(({ status }) => status < 200).map(({ status }) => status),
    answer,
    status: answer?.status ?? Number(begun?.[1] ?? 0),
  };
}

/** Runs the case with its side live. */
export async function runLive(
  wireCase: AnswerCase,
): Promise<{ readonly observed: Relayed; readonly expected: Relayed }> {
  const { live } = wireCase;
  const side = await startAnsweringSide(wireCase);
  const shadow = await startRecordingSide();
  const proxy = await startWireProxy(side.url, shadow.url, wireCase.settings);
  const { interim, answer, status } = await ask(proxy.port, wireCase);
  await until(() => proxy.traffic().inFlight === 0);
  const isDiscarded = live.isDiscarded === true && (await allClosed(side));
  const hasFailed = status === 502 || answer === null;
  const failed = proxy.traffic().notComparable['live-failed'] ?? 0;
  for (const each of [proxy, side, shadow]) await each.close();
  const observed = {
    status,
    body: live.body === undefined ? null : (answer?.body.toString('latin1') ?? null),
    interim,
    isCut: answer === null,
    isDiscarded,
    problems: [
      ...(answer === null ? [] : fieldProblems(wireCase, answer)),
      ...(hasFailed === (failed === 1) ? [] : [`${failed} counted as live-failed`]),
    ],
  };
  const expected = {
    status: live.status,
    body: live.body ?? null,
    interim: live.interim ?? [],
    isCut: live.isCut ?? false,
    isDiscarded: live.isDiscarded ?? false,
    problems: [],
  };
  return { observed, expected };
}

async function allClosed(side: RawSide): Promise<boolean> {
  const deadlineMs = performance.now() + DISCARD_MS;
  await until(() => side.sockets.size === 0 || performance.now() > deadlineMs);
  return side.sockets.size === 0;
}

/** What the pair came to with the case's side as shadow, and what the client got of legacy. */
export interface Shadowed {
  readonly status: number;
  readonly body: string;
  readonly pair: string;
}

/** Runs the case with its side as the shadow of a good one. */
export async function runShadow(
  wireCase: AnswerCase,
): Promise<{ readonly observed: Shadowed; readonly expected: Shadowed }> {
  const legacy = await startRecordingSide();
  const side = await startAnsweringSide(wireCase);
  // With the real analyst: what it is given here must not hurt it either.
  const proxy = await startWireProxy(legacy.url, side.url, wireCase.settings, {});
  const { answer, status } = await ask(proxy.port, wireCase);
  await until(() => proxy.traffic().received === 1 && proxy.traffic().inFlight === 0);
  const { compared, notComparable } = proxy.traffic();
  for (const each of [proxy, side, legacy]) await each.close();
  const reasons = Object.entries(notComparable).flatMap(([why, count]) => (count > 0 ? [why] : []));
  const observed = {
    status,
    body: answer?.body.toString('latin1') ?? '',
    pair: compared === 1 ? 'compared' : reasons.join(' '),
  };
  const { method = 'GET', shadow } = wireCase;
  const expected = { status: 200, body: method === 'HEAD' ? '' : `${method} /r`, pair: shadow };
  return { observed, expected };
}

/** The case's fields must be there in their order; those it excludes must not. */
function fieldProblems({ live }: AnswerCase, { headers }: SeenAnswer): string[] {
  const lines = headers
    .filter((_, i) => i % 2 === 0)
    .map((name, i) => `${name}: ${headers[i * 2 + 1]}`);
  let at = 0;
  const missing = (live.has ?? []).filter((line) => {
    const found = lines.indexOf(line, at);
    if (found !== -1) at = found + 1;
    return found === -1;
  });
  const names = headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  const surplus = (live.lacks ?? []).filter((name) => names.includes(name));
  return [
    ...missing.map((line) => `lacks ${line} in ${lines.join(', ')}`),
    ...surplus.map((name) => `has ${name}`),
    ...(names.filter((name) => name === 'date').length === 1 ? [] : ['not one Date']),
  ];
}
