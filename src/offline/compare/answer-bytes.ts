/** The bytes of what is to be compared, from a file, a pipe or standard input; bounded. */
import { createReadStream } from 'node:fs';
import { codeOf, CrossfadeError, messageOf } from '../../kit/errors.ts';
import { looksLikeRecording } from '../../recording/format.ts';

/** What stands for standard input in place of a path. */
export const STDIN = '-';

export type GivenInput =
  | { readonly kind: 'answer'; readonly bytes: Buffer }
  /** Begins as a recording does; nothing more of it was read. */
  | { readonly kind: 'recording' }
  | { readonly kind: 'too-large' };

const RECORDING_BYTES = 8;

/** Throws `file-unreadable`. Reads no more than `maxBytes`, and of a recording next to nothing. */
export async function readGiven(path: string, maxBytes: number): Promise<GivenInput> {
  const stream = path === STDIN ? process.stdin : createReadStream(path);
  const parts: Buffer[] = [];
  let length = 0;
  let isLookedAt = false;
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length > maxBytes) return { kind: 'too-large' };
      if (isLookedAt || length < RECORDING_BYTES) continue;
      isLookedAt = true;
      if (looksLikeRecording(Buffer.concat(parts))) return { kind: 'recording' };
    }
  } catch (error) {
    const why = WHY[codeOf(error)] ?? messageOf(error);
    throw new CrossfadeError('file-unreadable', `cannot read ${nameOf(path)}: ${why}`, {
      cause: error,
      hint: 'give a file with an answer or a recording, or - for standard input',
    });
  } finally {
    stream.destroy();
  }
  return { kind: 'answer', bytes: Buffer.concat(parts) };
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'its permissions forbid it',
};

/** As it is called in sentences. */
export function nameOf(path: string): string {
  return path === STDIN ? 'standard input' : path;
}
