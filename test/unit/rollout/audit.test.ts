import { expect, it } from 'vitest';
import { rollbackSentence } from '../../../src/rollout/audit.ts';

it('a rollback says from where, and that it was there already where it was', () => {
  expect(rollbackSentence(10, 0, 'errors')).toBe('Rolled back from 10 % to 0 %: errors');
  expect(rollbackSentence(0, 0, 'to be sure')).toBe(
    'Rolled back, at 0 % already, to stay there: to be sure',
  );
});
