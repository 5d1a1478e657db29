import { extname } from 'node:path';
import { CrossfadeError, messageOf } from '../../kit/errors.ts';
import type { Pair } from '../../model/pair.ts';
import type { RecordSettings } from '../../model/settings.ts';
import type { ProxyStall } from '../../model/stall.ts';
import { openRecording, type RecordingWriter } from '../../recording/writer.ts';
import type { AnalystStart, RecordingState } from './analyst-messages.ts';

/** Writes pairs to a recording of its own and never throws: what it cannot keep is counted. */
export interface Recorder {
  append(pair: Pair, keys?: readonly string[]): void;
  stalled(stall: ProxyStall): void;
  state(): RecordingState;
  close(): void;
}

/** Files tried before giving up: one for each proxy and for each time an analyst began anew. */
const FILES_MAX = 1000;

/**
 * A recorder on the configured path; where that is taken, by another proxy or an earlier run, on
 * the first free of `name-2`, `name-3` … beside it.
 */
export function createRecorder(
  start: AnalystStart,
  settings: RecordSettings,
  redactKey: Buffer,
): Recorder {
  let path = settings.path;
  let writer: RecordingWriter | null = null;
  let failure: string | null = null;
  let lost = 0;
  for (let n = 1; writer === null && failure === null; n += 1) {
    path = n === 1 ? settings.path : numbered(settings.path, n);
    try {
      writer = open(path, start, settings.maxBytes, redactKey);
    } catch (error) {
      const isTaken = error instanceof CrossfadeError && error.code === 'recording-exists';
      if (!isTaken || n >= FILES_MAX) failure = messageOf(error);
    }
  }
  return {
    append(pair, keys) {
      if (writer === null) lost += 1;
      else writer.append(pair, keys);
    },
    stalled: (stall) => writer?.stalled(stall),
    state: () => {
      const dropped = lost + (writer?.dropped ?? 0);
      return { path, dropped, failure: failure ?? writer?.failure ?? null };
    },
    close() {
      try {
        writer?.close();
      } catch (error) {
        failure ??= `the recording could not be closed: ${messageOf(error)}`;
      }
    },
  };
}

function open(
  path: string,
  start: AnalystStart,
  maxBytes: number,
  redactKey: Buffer,
): RecordingWriter {
  const { key, routes } = start;
  const description = { startedAtMs: Date.now(), origin: 'recorded by a proxy', key, routes };
  return openRecording(path, { maxBytes, redactKey, description });
}

function numbered(path: string, n: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}-${n}${extension}`;
}
