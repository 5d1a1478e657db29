/**
 * Random edits of one leaf, made by nobody who knows the kinds: characters and bytes of its text
 * are changed, or another value takes its place. What an edit means is told apart from the
 * comparator; one that leaves the meaning as it was is no bug, is drawn again, and counted.
 */
import { isUtf8 } from 'node:buffer';
import type { Random } from '../kit/random.ts';
import type { Answer } from '../model/exchange.ts';
import { type BodyText, bodyTextOf, withBody } from './body-text.ts';
import { contentOf } from './documents.ts';
import { leavesOf, meaningOf } from './json-text.ts';

/** A leaf in a body's text. */
interface Leaf {
  readonly start: number;
  readonly end: number;
  readonly path: string;
}

/** What is known of a body before it is edited. */
export interface Ground {
  readonly body: BodyText;
  readonly leaves: readonly Leaf[];
  readonly meaning: string;
}

export interface RandomEdit {
  readonly path: string;
  readonly what: string;
  readonly answer: Answer;
}

export interface Mutation {
  /** Null where no draw was of any use. */
  readonly edit: RandomEdit | null;
  /** Draws that meant the same as before. */
  readonly meaningless: number;
}

const DRAWS_MAX = 100;
const BROKEN_KEPT_RATIO = 0.125;

/** Null where the body has no leaf. */
export function groundOf(body: BodyText): Ground | null {
  const meaning = meaningOfBody(body);
  if (body.bytes.length === 0) return null;
  if (body.text === null) {
    return { body, leaves: [{ start: 0, end: body.bytes.length, path: 'body' }], meaning };
  }
  const { documents, spans } = contentOf(body);
  const leaves = documents.flatMap((root) =>
    leavesOf(root).map(({ start, end, path }) => ({ start, end, path: path || 'body' })),
  );
  const all = [...leaves, ...spans];
  return all.length === 0 ? null : { body, leaves: all, meaning };
}

/** One leaf edited, so that the body says something else. */
export function mutate(ground: Ground, random: Random): Mutation {
  const { body, leaves, meaning } = ground;
  let meaningless = 0;
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const leaf = leaves[random.int(0, leaves.length - 1)]!;
    const { what, bytes } = drawEdit(ground, leaf, random);
    if (Buffer.compare(bytes, body.bytes) === 0) {
      meaningless += 1;
      continue;
    }
    const answer = withBody(body.answer, bytes);
    const edited = bodyTextOf(answer);
    // Too large once it is packed again: whoever tries it finds so, and counts it.
    if (edited === null) return { edit: { path: leaf.path, what, answer }, meaningless };
    if (meaningOfBody(edited) === meaning) {
      meaningless += 1;
      continue;
    }
    // What leaves no JSON behind is easy to see: few of those, and more of the others.
    if (isBroken(body, edited) && random.next() >= BROKEN_KEPT_RATIO) continue;
    return { edit: { path: leaf.path, what, answer }, meaningless };
  }
  return { edit: null, meaningless };
}

/** JSON before, and none any more. */
function isBroken(before: BodyText, after: BodyText): boolean {
  const isWhole = (body: BodyText): boolean => contentOf(body).documents.length > 0;
  return before.shape === 'json' && isWhole(before) && !isWhole(after);
}

/** The same for two bodies that say the same. */
function meaningOfBody(body: BodyText): string {
  const { bytes, text, shape } = body;
  if (text === null || !isUtf8(Buffer.from(bytes))) return Buffer.from(bytes).toString('latin1');
  const { documents, spans, rows } = contentOf(body);
  const mark = body.hasMark ? 'mark' : '';
  const isWhole = documents.length + spans.length > 0;
  if (!isWhole || shape === 'text') return mark + text;
  const told = [
    ...documents.map((root) => root.path + meaningOf(text, root)),
    ...spans.map(({ start, end, path }) => `${path} ${valueOf(shape, text.slice(start, end))}`),
  ];
  return JSON.stringify([mark, shape, rows.length, told]);
}

function valueOf(shape: BodyText['shape'], source: string): string {
  if (shape !== 'form') return source;
  try {
    return decodeURIComponent(source.replaceAll('+', ' '));
  } catch {
    // Its escapes stand for bytes.
    return source.replaceAll('+', ' ').replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
      return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    });
  }
}

interface Drawn {
  readonly what: string;
  readonly bytes: Buffer;
}

function drawEdit({ body, leaves }: Ground, leaf: Leaf, random: Random): Drawn {
  const { bytes, text } = body;
  const { start, end } = leaf;
  const isBits = text === null || random.next() < 0.1;
  if (isBits) {
    const before = text === null ? 0 : Buffer.byteLength(text.slice(0, start));
    const length = text === null ? bytes.length : Buffer.byteLength(text.slice(start, end));
    const flipped = Buffer.from(bytes);
    // A text without its byte order mark begins behind it.
    const skipped = text === null ? 0 : bytes.length - Buffer.byteLength(text);
    const at = Math.min(
      flipped.length - 1,
      skipped + before + random.int(0, Math.max(0, length - 1)),
    );
    flipped[at] = flipped[at]! ^ (1 << random.int(0, 7));
    return { what: 'one bit', bytes: flipped };
  }
  const source = text.slice(start, end);
  const [what, other] =
    random.next() < 0.6
      ? drawText(source, random)
      : drawValue(
          leaves.map((each) => text.slice(each.start, each.end)),
          random,
        );
  const mark = body.hasMark ? '\ufeff' : '';
  return { what, bytes: Buffer.from(mark + text.slice(0, start) + other + text.slice(end)) };
}

/** Characters that a text may be given; some that JSON cannot have as they are. */
const CHARS = 'abcxyzABCXYZ0123456789 .,:;-+_/\\"\'{}[]()<>&%=#!?*@~eE\tñß€漢😀\u0001\u200b';
const ALPHABET = Array.from(CHARS);

/** The text of the leaf itself: nobody asks whether it still is JSON. */
function drawText(source: string, random: Random): [what: string, text: string] {
  const at = random.int(0, source.length);
  const char = ALPHABET[random.int(0, ALPHABET.length - 1)]!;
  switch (random.int(0, 4)) {
    case 0:
      return ['a character more', source.slice(0, at) + char + source.slice(at)];
    case 1:
      return ['a character less', source.slice(0, at) + source.slice(at + 1)];
    case 2:
      return ['another character', source.slice(0, at) + char + source.slice(at + 1)];
    case 3: {
      const few = source.slice(at, at + random.int(1, 4));
      return ['characters twice', source.slice(0, at) + few + source.slice(at)];
    }
    default: {
      const pair = source.slice(at, at + 2);
      const turned = (pair[1] ?? '') + (pair[0] ?? '');
      return ['two characters exchanged', source.slice(0, at) + turned + source.slice(at + 2)];
    }
  }
}

/** Another value in its place, of any type, or that of another leaf. */
function drawValue(sources: readonly string[], random: Random): [what: string, text: string] {
  const digits = random.int(1, 19);
  const number = String(random.int(1, 2 ** 31 - 1))
    .repeat(3)
    .slice(0, digits);
  switch (random.int(0, 6)) {
    case 0:
      return ['another number', random.next() < 0.5 ? number : `-${number}`];
    case 1:
      return ['another number', `${number}.${random.int(0, 999)}`];
    case 2: {
      const chars = Array.from({ length: random.int(0, 30) }, () => {
        return ALPHABET[random.int(0, ALPHABET.length - 1)]!;
      });
      return ['another text', JSON.stringify(chars.join(''))];
    }
    case 3:
      return ['another word', ['true', 'false', 'null'][random.int(0, 2)]!];
    case 4:
      return ['a container', ['[]', '{}', `[${number}]`, `{"a":${number}}`][random.int(0, 3)]!];
    default:
      return ["another leaf's value", sources[random.int(0, sources.length - 1)]!];
  }
}
