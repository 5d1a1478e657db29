import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompareRule } from '../../src/model/settings.ts';
import { rule } from './answers.ts';

/** Maps of every behaviour, each exported by its name; those of a user would be like the first. */
const MODULE = `
export function flat({ body }, side) {
  return side === 'candidate' ? body.items : body;
}
export function seen({ status, headers, body }, side) {
  return { status, type: headers['content-type'], body, side: typeof side };
}
export function throws() {
  throw new Error('no such field');
}
export function throwsOnBad({ body }) {
  if (body.isBad) throw new Error('bad');
  return 'same';
}
export function hangs({ body }) {
  while (body.isHanging ?? true);
  return 'same';
}
export function mutates(answer) {
  answer.body.a = 'same';
  return answer.body;
}
export function pollutes({ body }) {
  Object.prototype.toJSON = () => 'same';
  return body;
}
export function redefines({ body }) {
  Object.defineProperty(Array.prototype, 'map', { value: () => ['same'] });
  return [body];
}
export const undefinedValue = () => undefined;
export const promised = async () => 'same';
export const instance = () => new Map([[1, 2]]);
export const infinite = () => Infinity;
export const symbol = () => [Symbol('x')];
export function cycle() {
  const value = {};
  value.value = value;
  return value;
}
export function exits() {
  process.exit(7);
}
export function exhausts() {
  const kept = [];
  for (;;) kept.push(new Array(1000).fill({}));
}
export const notAFunction = 1;
`;

/** Writes the module into the folder; a rule for each of its exports. */
export function mapsIn(folder: string): (name: string) => CompareRule {
  const path = join(folder, 'maps.mjs');
  writeFileSync(path, MODULE);
  return (name) => rule('map', '', { map: { path, name, text: `maps.mjs#${name}` } });
}
