/**
 * The process in which maps of the user's own run: what they do to its memory and its objects is
 * nobody else's. Whoever asks kills it when it takes too long; if nobody is left, it does itself.
 */
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { assert } from '../../kit/assert.ts';
import { entryPath } from '../../kit/entry.ts';
import { messageOf } from '../../kit/errors.ts';
import type { AnswerMap, FromMapThread, MapRequest, RawAnswer } from './map-messages.ts';
import { mapAnswer, mappedText } from './map-values.ts';

assert(process.send !== undefined, 'maps run in a process of a proxy');
const send = process.send.bind(process);
const maps = new Map<string, AnswerMap>();
/** 1 while the user's code is at work. */
const busy = new Int32Array(new SharedArrayBuffer(4));
new Worker(entryPath(import.meta.url, './map-watch'), { workerData: busy }).unref();

// One pair must not change what the next one is made of.
Object.freeze(Object.prototype);
Object.freeze(Array.prototype);

async function load(path: string, name: string): Promise<void> {
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const map = Object.hasOwn(module, name) ? module[name] : undefined;
  if (typeof map !== 'function') throw new Error(`it exports no function ${name}`);
  maps.set(`${path}#${name}`, map as AnswerMap);
}

function run(map: AnswerMap, answer: RawAnswer, side: 'legacy' | 'candidate'): string {
  return mappedText(map(mapAnswer(answer), side));
}

async function answer(message: MapRequest): Promise<FromMapThread> {
  const { id, path, name } = message;
  Atomics.store(busy, 0, 1);
  try {
    if (message.kind === 'load') {
      await load(path, name);
      return { kind: 'loaded', id };
    }
    const map = maps.get(`${path}#${name}`);
    if (map === undefined) throw new Error('it is not loaded');
    const legacy = run(map, message.legacy, 'legacy');
    return { kind: 'mapped', id, legacy, candidate: run(map, message.candidate, 'candidate') };
  } catch (error) {
    return { kind: 'failed', id, why: messageOf(error) };
  } finally {
    Atomics.store(busy, 0, 0);
  }
}

process.on('message', (message: MapRequest) => {
  void answer(message).then((told) => send(told));
});
process.on('disconnect', () => process.exit());
