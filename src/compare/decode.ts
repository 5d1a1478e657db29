import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { LIMITS } from '../kit/limits.ts';
import { headerValue, type RawHeaders } from '../model/exchange.ts';

/** A body as its reader sees it, or why it cannot be seen. */
export type DecodedBody =
  | { readonly kind: 'decoded'; readonly bytes: Uint8Array }
  /** Broken, with bytes behind its end, or of a coding unknown here. */
  | { readonly kind: 'damaged' }
  /** It would grow beyond the limits. */
  | { readonly kind: 'too-large' }
  /** Packed more often than is unpacked. */
  | { readonly kind: 'too-complex' };

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

/** The body unpacked as Content-Encoding says, on a copy. Blocks: for the analyst alone. */
export function decodeBody(headers: RawHeaders, body: Uint8Array): DecodedBody {
  const field = headerValue(headers, 'content-encoding');
  if (field === undefined || body.length === 0) return { kind: 'decoded', bytes: body };
  const codings = field
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > LIMITS.decodedLayersMax) return { kind: 'too-complex' };
  let bytes = body;
  for (const coding of codings.reverse()) {
    const unpack = UNPACK.get(coding);
    if (unpack === undefined) return { kind: 'damaged' };
    const unpacked = unpackWhole(unpack, bytes);
    if (unpacked.kind !== 'decoded') return unpacked;
    bytes = unpacked.bytes;
  }
  return { kind: 'decoded', bytes };
}

function unpackWhole(unpack: Unpack, bytes: Uint8Array): DecodedBody {
  const byRatio = Math.max(LIMITS.captureMaxBytes, bytes.length * LIMITS.decodedMaxRatio);
  const maxOutputLength = Math.min(LIMITS.decodedMaxBytes, byRatio);
  try {
    const { buffer, engine } = unpack(bytes, { maxOutputLength, info: true }) as Unpacked;
    // Bytes that the decoder did not look at may differ: then the bodies are not the same.
    if (engine.bytesWritten !== bytes.length) return { kind: 'damaged' };
    return { kind: 'decoded', bytes: buffer };
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === TOO_LARGE;
    return { kind: isTooLarge ? 'too-large' : 'damaged' };
  }
}

const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE';

/** Servers disagree whether `deflate` has the zlib wrapping. RFC 9110 section 8.4.1.2. */
function inflateEither(bytes: Uint8Array, options: object): unknown {
  const isWrapped = ((bytes[0] ?? 0) & 0x0f) === 8;
  return isWrapped ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
}
