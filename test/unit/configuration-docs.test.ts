import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationDocs } from '../support/configuration-docs.ts';

test.each(configurationDocs())('$path is as the schema makes it', ({ path, text }) => {
  const hint = 'run: node test/support/configuration-docs.ts';
  expect(readFileSync(path, 'utf8') === text ? 'current' : hint).toBe('current');
});
