/** Table W: the bytes of requests. */
import type { WireRow } from './rows.ts';
import { CHUNK_ROWS } from './w-chunks.ts';
import { FIELD_ROWS } from './w-fields.ts';
import { FLOW_ROWS } from './w-flow.ts';
import { FRAMING_ROWS } from './w-framing.ts';
import { LINE_ROWS } from './w-lines.ts';

/** W-01 to W-70, in order. */
export const W_ROWS: readonly WireRow[] = [
  ...FRAMING_ROWS,
  ...CHUNK_ROWS,
  ...FIELD_ROWS,
  ...LINE_ROWS,
  ...FLOW_ROWS,
].toSorted((a, b) => a.id.localeCompare(b.id));
