import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { LIMITS } from '../kit/limits.ts';
import { headerValue, type RawHeaders } from '../model/exchange.ts';

/** More layers than anybody sends in earnest are not unpacked. */
const LAYERS_MAX = 2;

interface Unpacked {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type Unpack = (bytes: Uint8Array, options: object) => unknown;

const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
  ['deflate', inflateEither],
]);

/**
 * The body as its reader sees it, unpacked as Content-Encoding says, on a copy; undefined when
 * it is damaged, has bytes behind its end, grows beyond the limit, or names a coding unknown
 * here. Blocks: for the analyst alone.
 */
export function decodeBody(headers: RawHeaders, body: Uint8Array): Uint8Array | undefined {
  const codings = (headerValue(headers, 'content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (body.length === 0) return body;
  if (codings.length > LAYERS_MAX) return undefined;
  let bytes: Uint8Array = body;
  for (const coding of codings.reverse()) {
    const unpack = UNPACK.get(coding);
    const unpacked = unpack === undefined ? undefined : unpackWhole(unpack, bytes);
    if (unpacked === undefined) return undefined;
    bytes = unpacked;
  }
  return bytes;
}

function unpackWhole(unpack: Unpack, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const options = { maxOutputLength: LIMITS.decodedMaxBytes, info: true };
    const { buffer, engine } = unpack(bytes, options) as Unpacked;
    // Bytes that the decoder did not look at may differ: then the bodies are not the same.
    return engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch {
    // Damaged or too large: the caller compares the bytes as they came.
    return undefined;
  }
}

/** Servers disagree whether `deflate` has the zlib wrapping. RFC 9110 section 8.4.1.2. */
function inflateEither(bytes: Uint8Array, options: object): unknown {
  const isWrapped = ((bytes[0] ?? 0) & 0x0f) === 8;
  return isWrapped ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
}
