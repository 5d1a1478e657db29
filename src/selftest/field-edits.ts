/** Bugs of an answer beside its body: status, header fields, cookies, trailers. */
import { IGNORED_HEADERS } from '../compare/headers.ts';
import type { Answer, RawHeaders } from '../model/exchange.ts';
import type { DivergenceKind } from '../model/pair.ts';
import type { Injection } from './edit.ts';

/** Every bug that the answer has a place for. Fields that are never compared are no places. */
export function fieldEdits(answer: Answer): Injection[] {
  return [
    ...statusEdits(answer),
    ...partEdits(answer, 'header'),
    ...partEdits(answer, 'trailer'),
    ...cookieEdits(answer),
  ];
}

/** Not 503: a side that is not available is no bug of an answer's, and not compared. */
const STATUSES: readonly number[] = [200, 204, 301, 404, 500];

function statusEdits(answer: Answer): Injection[] {
  return STATUSES.filter((status) => status !== answer.status).map((status) => ({
    kind: 'status',
    path: 'status',
    what: `${status} for ${answer.status}`,
    make: () => ({ ...answer, status }),
  }));
}

type Part = 'header' | 'trailer';

function fieldsOf(answer: Answer, part: Part): RawHeaders {
  return part === 'header' ? answer.headers : answer.trailers;
}

function withFields(answer: Answer, part: Part, fields: RawHeaders): Answer {
  return part === 'header' ? { ...answer, headers: fields } : { ...answer, trailers: fields };
}

function isCompared(answer: Answer, name: string): boolean {
  const lower = name.toLowerCase();
  if (lower === 'content-length') return answer.bodyBytes === 0;
  return !IGNORED_HEADERS.has(lower);
}

function partEdits(answer: Answer, part: Part): Injection[] {
  const fields = fieldsOf(answer, part);
  const edits: Injection[] = [];
  const add = (kind: DivergenceKind, name: string, what: string, changed: RawHeaders): void => {
    const path = `${part}:${name.toLowerCase()}`;
    edits.push({ kind, path, what, make: () => withFields(answer, part, changed) });
  };
  add('header', 'x-selftest', 'a field more', [...fields, 'X-Selftest', '1']);
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at]!, fields[at + 1]!];
    const lower = name.toLowerCase();
    if (!isCompared(answer, name) || lower === 'set-cookie') continue;
    const isLength = lower === 'content-length';
    const isType = lower === 'content-type' && value.includes('/');
    const another = isType ? value.replace(/[^/;]+(?=;|$)/, 'x-selftest') : `${value}-selftest`;
    const other = isLength ? String(Number(value) + 1) : another;
    add('header', name, 'another value', fields.toSpliced(at + 1, 1, other));
    if (isLength) continue;
    add('header', name, 'left out', fields.toSpliced(at, 2));
    for (const [what, written] of otherForms(lower, value)) {
      add('header-format', name, what, fields.toSpliced(at + 1, 1, written));
    }
    const members = membersOf(lower, value);
    const turned = members.toReversed();
    if (members.length < 2 || turned.join() === members.join()) continue;
    add('header-order', name, 'backwards', fields.toSpliced(at + 1, 1, turned.join(', ')));
    const apart = members.flatMap((member) => [name, member]);
    add('header-format', name, 'a field for each', fields.toSpliced(at, 2, ...apart));
  }
  return edits;
}

/** Between commas outside of quotes; none of fields that are no lists. */
function membersOf(name: string, value: string): string[] {
  const isDate = /^(?:expires|last-modified|retry-after)$/.test(name);
  if (isDate || name === 'content-type' || value.includes('"')) return [];
  return value.split(',').flatMap((member) => (member.trim() === '' ? [] : [member.trim()]));
}

/** Fields whose words are the same in any letter case. */
const CASELESS = /^(?:accept-ranges|cache-control|content-encoding|content-language|pragma|vary)$/;

/** The same value as another library would write it. */
function otherForms(name: string, value: string): [what: string, written: string][] {
  const forms: [string, string][] = [];
  if (name === 'content-type' && !/^\s*multipart\//i.test(value)) {
    const [type = '', ...parameters] = value.split(';');
    forms.push(['the type in other case', [otherCase(type), ...parameters].join(';')]);
    const spaced = value.includes('; ') ? value.replaceAll('; ', ';') : value.replace(';', '; ');
    forms.push(['other white space', spaced]);
    forms.push(['with quotes', value.replace(/charset=([\w-]+)/, 'charset="$1"')]);
  } else if (CASELESS.test(name)) {
    forms.push(['other letter case', otherCase(value)]);
  }
  if (!value.includes('"') && name !== 'content-type') {
    const spaced = value.includes(', ') ? value.replaceAll(', ', ',') : value.replace(',', ', ');
    if (membersOf(name, value).length > 1) forms.push(['other white space', spaced]);
    const atMs = Date.parse(value);
    const isDate = /^[A-Z][a-z]{2}, \d\d .* GMT$/.test(value) && !Number.isNaN(atMs);
    if (isDate) forms.push(['another notation', new Date(atMs).toISOString().replace('.000', '')]);
  }
  return forms.filter(([, written]) => written !== value);
}

function otherCase(text: string): string {
  return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();
}

function cookieEdits(answer: Answer): Injection[] {
  const { headers } = answer;
  const edits: Injection[] = [];
  const add = (kind: DivergenceKind, what: string, changed: RawHeaders): void => {
    const make = (): Answer => ({ ...answer, headers: changed });
    edits.push({ kind, path: 'header:set-cookie', what, make });
  };
  add('cookie', 'a cookie more', [...headers, 'Set-Cookie', 'selftest=1; Path=/']);
  const places: number[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() === 'set-cookie') places.push(at);
  }
  for (const at of places) {
    const value = headers[at + 1]!;
    const [first = '', ...attributes] = value.split(';');
    add('cookie', 'left out', headers.toSpliced(at, 2));
    const other = [`${first}x`, ...attributes].join(';');
    add('cookie', 'another value', headers.toSpliced(at + 1, 1, other));
    for (const index of attributes.keys()) {
      const less = [first, ...attributes.toSpliced(index, 1)].join(';');
      const what = `without${attributes[index]!.split('=')[0]!}`;
      add('cookie', what, headers.toSpliced(at + 1, 1, less));
    }
    if (new Set(attributes).size < 2) continue;
    const turned = [first, ...attributes.toReversed()].join(';');
    if (turned !== value) {
      add('header-format', 'attributes backwards', headers.toSpliced(at + 1, 1, turned));
    }
  }
  const [start, next] = places;
  if (start === undefined || next === undefined) return edits;
  const [a, b] = [headers[start + 1]!, headers[next + 1]!];
  if (a.split('=')[0] === b.split('=')[0]) return edits;
  const swapped = headers.with(start + 1, b).with(next + 1, a);
  add('header-order', 'two cookies exchanged', swapped);
  return edits;
}
