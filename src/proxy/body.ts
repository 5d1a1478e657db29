import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';

/**
 * A request's body: nothing, whole (short enough to keep), or still streaming because it is
 * longer than what is kept. A stream carries every byte, those already read included.
 */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'stream'; readonly stream: PassThrough };

const NONE: RequestBody = { kind: 'none' };

/** Whether the message announces a body. Source: RFC 9112, section 6. */
export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && length !== '0';
}

/**
 * Calls `done` once the body is whole or longer than `keepMaxBytes`. Never calls it for a
 * request that is cut before: nothing of it has reached a side.
 */
export function collectBody(
  request: IncomingMessage,
  keepMaxBytes: number,
  done: (body: RequestBody) => void,
): void {
  if (!hasBody(request)) {
    done(NONE);
    return;
  }
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > keepMaxBytes) {
    done({ kind: 'stream', stream: decoupled(request) });
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= keepMaxBytes) return;
    request.pause();
    request.off('data', onData);
    request.off('end', onEnd);
    request.unshift(Buffer.concat(chunks));
    done({ kind: 'stream', stream: decoupled(request) });
  };
  const onEnd = (): void => {
    done({ kind: 'whole', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
  };
  request.on('data', onData);
  request.on('end', onEnd);
}

/** The rest of the request as a stream whose end by the side leaves the client's socket alone. */
function decoupled(request: IncomingMessage): PassThrough {
  const stream = new PassThrough();
  // The leg tells how it ended; an error here that nobody hears would end the process.
  stream.on('error', () => undefined);
  request.pipe(stream);
  // A side that takes no more leaves the rest to nobody: read it, or the connection stays for ever.
  stream.once('close', () => {
    request.unpipe(stream);
    request.resume();
  });
  request.once('close', () => {
    if (!request.complete) stream.destroy(new Error('the client has gone'));
  });
  return stream;
}
