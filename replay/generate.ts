/** Writes a made-up workload as a recording: requests, keys and times, without any answers. */
import { createIdentifier } from '../src/proxy/identify/identify.ts';
import type { RecordingDescription } from '../src/recording/format.ts';
import { openRecording } from '../src/recording/writer.ts';
import { CrossfadeError, EXIT } from '../src/kit/errors.ts';
import type { WorkloadRequest } from './workload.ts';

/** How much is written, and what is said of it. */
export interface GenerateOptions {
  /** Requests due later are left out. */
  readonly durationMs: number;
  readonly maxBytes: number;
  /** What a replay needs to know of the requests: routes, key. */
  readonly description: RecordingDescription;
}

/** What a generated recording holds. */
export interface Generated {
  readonly requests: number;
  readonly writes: number;
  readonly keys: number;
}

// Written once and read often: small matters more than quick.
const BLOCK_BYTES = 256 * 1024;
const LEVEL = 19;

/** Answers what is in the file. Throws as `openRecording` does, and when it did not fit. */
export function generateRecording(
  path: string,
  workload: Iterable<WorkloadRequest>,
  options: GenerateOptions,
): Generated {
  const { description, durationMs, maxBytes } = options;
  const identifier = createIdentifier(description.routes, description.key);
  const packing = { blockBytes: BLOCK_BYTES, level: LEVEL };
  const writer = openRecording(path, { maxBytes, description, ...packing });
  const keys = new Set<string>();
  let writes = 0;
  for (const item of workload) {
    if (item.atUs >= durationMs * 1000 || writer.failure !== null) break;
    const { method, target, headers, body } = item.request;
    if (!item.isSafe) writes += 1;
    for (const key of item.keys) keys.add(key);
    writer.appendRecord({
      route: identifier.identify(method, target, headers, body).route.name,
      keys: item.keys,
      liveSide: 'legacy',
      atUs: item.atUs,
      request: item.request,
      legacy: null,
      candidate: null,
    });
  }
  writer.close();
  if (writer.failure !== null) {
    throw new CrossfadeError('recording-incomplete', `${path} is not whole: ${writer.failure}`, {
      hint: 'generate less, or where there is more room',
      exitCode: EXIT.usage,
    });
  }
  return { requests: writer.records, writes, keys: keys.size };
}
