/** Bugs of lists, whatever stands in them: elements, records, events, lines. */
import type { BodyEdit } from './edit.ts';

/** One of a list. */
export interface Item {
  readonly text: string;
  /** The same for two that mean the same. */
  readonly meaning: string;
  /** The whole number it is sorted by; null where there is none. */
  readonly id: string | null;
}

/** Where the list is and how it is written. */
export interface ListForm {
  readonly path: string;
  /** One that is not in it. */
  readonly extra: string;
  readonly written: (texts: readonly string[]) => (body: string) => string;
}

/** Cut off, one less, one more, in another order. */
export function listEdits(items: readonly Item[], form: ListForm): BodyEdit[] {
  return [...shorterLists(items, form), ...orderedLists(items, form)];
}

type Change = (items: readonly Item[]) => readonly Item[];

/** The list is made anew only for the edit that is wanted: there is one for each element. */
function editOf(
  kind: BodyEdit['kind'],
  what: string,
  change: Change,
  items: readonly Item[],
  { path, written }: ListForm,
): BodyEdit {
  const apply = (body: string): string => written(change(items).map(({ text }) => text))(body);
  return { kind, path, what, apply };
}

function shorterLists(items: readonly Item[], form: ListForm): BodyEdit[] {
  const extra: Item = { text: form.extra, meaning: '', id: null };
  const count = items.length;
  const edits = [editOf('length', 'one more before it', (all) => [extra, ...all], items, form)];
  if (count > 0) {
    const what = 'legacy ends one early';
    edits.push(editOf('truncated', what, (all) => [...all, extra], items, form));
  }
  for (const kept of new Set([count - 1, Math.floor(count / 2)])) {
    if (kept < 1) continue;
    const what = `${count - kept} less at its end`;
    edits.push(editOf('truncated', what, (all) => all.slice(0, kept), items, form));
  }
  // Behind the last place where neighbours differ, what is left would be the start of the whole.
  const last = items.findLastIndex((item, at) => item.meaning !== items[at + 1]?.meaning);
  const beforeLast = items.slice(0, last).findLastIndex((item, at) => {
    return item.meaning !== items[at + 1]!.meaning;
  });
  for (let index = 0; index <= beforeLast; index += 1) {
    const without: Change = (all) => all.filter((_, at) => at !== index);
    edits.push(editOf('length', `without its element ${index}`, without, items, form));
  }
  return edits;
}

function orderedLists(items: readonly Item[], form: ListForm): BodyEdit[] {
  const sorts = sortedOtherwise(items);
  const edits = sorts.map(([what, sorted]) => editOf('id-order', what, () => sorted, items, form));
  const isSort = (order: readonly Item[]): boolean =>
    sorts.some(([, sorted]) => isSame(sorted, order));
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    if (next === undefined || next.meaning === item.meaning) continue;
    const swap: Change = (all) => all.toSpliced(index, 2, next, item);
    if (sorts.length > 0 && isSort(swap(items))) continue;
    const what = `elements ${index} and ${index + 1} exchanged`;
    edits.push(editOf('array-order', what, swap, items, form));
  }
  const backwards = items.toReversed();
  if (items.length > 2 && !isSame(items, backwards) && !isSort(backwards)) {
    edits.push(editOf('array-order', 'backwards', () => backwards, items, form));
  }
  return edits;
}

function isSame(a: readonly Item[], b: readonly Item[]): boolean {
  return a.every(({ meaning }, at) => meaning === b[at]!.meaning);
}

type Order = (a: bigint, b: bigint) => number;

const byNumber: Order = (a, b) => (a < b ? -1 : Number(a > b));
const byText: Order = (a, b) => (String(a) < String(b) ? -1 : Number(String(a) > String(b)));
const bySigned: Order = (a, b) => byNumber(BigInt.asIntN(64, a), BigInt.asIntN(64, b));

/** Sorted by an id as it is, and by the same ids in the orders that rewrites fall into. */
function sortedOtherwise(items: readonly Item[]): [what: string, sorted: Item[]][] {
  if (items.length < 2 || items.some(({ id }) => id === null)) return [];
  const found: [string, Item[]][] = [];
  for (const direction of [1, -1]) {
    const sort = (order: Order): Item[] =>
      items.toSorted((a, b) => order(BigInt(a.id!), BigInt(b.id!)) * direction);
    if (!isSame(items, sort(byNumber))) continue;
    for (const [what, order] of [
      ['sorted as texts', byText],
      ['sorted as signed numbers', bySigned],
    ] as const) {
      const sorted = sort(order);
      if (!isSame(items, sorted)) found.push([what, sorted]);
    }
    break;
  }
  return found;
}
