/** What the scenarios of the wire tables are made of; everything opened is closed by `closeAll`. */
import type { Socket } from 'node:net';
import type { Changes } from '../wire/rows.ts';
import type { RunningProxy } from './proxy.ts';
import {
  RawClient,
  type RawSide,
  type RecordingSide,
  startRawSide,
  startRecordingSide,
} from './wire.ts';
import { type Stage, startStage, startWireProxy } from './wire-stage.ts';

const open: { close(): Promise<void> | void }[] = [];

/** Closes what the scenario has opened, the last first. */
export async function closeAll(): Promise<void> {
  for (const each of open.splice(0).reverse()) await each.close();
}

function opened<Thing extends { close(): Promise<void> | void }>(thing: Thing): Thing {
  open.push(thing);
  return thing;
}

export async function stageOf(changes: Changes = {}): Promise<Stage> {
  return opened(await startStage(changes));
}

export async function recorder(): Promise<RecordingSide> {
  return opened(await startRecordingSide());
}

export async function proxyOf(
  legacy: { readonly url: string },
  candidate: { readonly url: string },
  changes: Changes = {},
): Promise<RunningProxy> {
  return opened(await startWireProxy(legacy.url, candidate.url, changes));
}

export function clientOf(proxy: RunningProxy): RawClient {
  return opened(new RawClient(proxy.port));
}

/** A side of raw sockets that does what `accept` says. */
export async function rawSide(accept: (socket: Socket) => void): Promise<RawSide> {
  return opened(await startRawSide(accept));
}

/** A side that calls `onHead` once a connection, with what has come until a head was whole. */
export function headSide(onHead: (socket: Socket, text: string) => void): Promise<RawSide> {
  return rawSide((socket) => {
    let text = '';
    let isCalled = false;
    socket.on('end', () => socket.end());
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (isCalled || !text.includes('\r\n\r\n')) return;
      isCalled = true;
      onHead(socket, text);
    });
  });
}

/** A small answer with this status and body. */
export function answerOf(status: number, body: string, ...fields: readonly string[]): string {
  const lines = fields.map((field) => `${field}\r\n`).join('');
  return `HTTP/1.1 ${status} Any\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
}
