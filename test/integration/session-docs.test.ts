import { expect, test } from 'vitest';
import { SESSION_PAGES, sessionDocs } from '../support/session-docs.ts';

test.each(SESSION_PAGES)('every session of %s is what its command prints', async (path) => {
  const { text, current } = await sessionDocs(path);
  const hint = 'run: node test/support/session-docs.ts';
  expect(text === current ? 'current' : hint).toBe('current');
});
