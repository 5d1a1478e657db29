/** The rollout as a controller finds it in its store, under today's configuration. */
import { randomBytes } from 'node:crypto';
import type { RolloutState } from '../model/rollout.ts';
import type { Settings } from '../model/settings.ts';
import { lowerAtStartSentence, proofLostSentence, startSentence } from './audit.ts';
import { ladderOf, reconcile } from './ladder.ts';
import { proofOf } from './settings-change.ts';
import * as verbs from './verbs.ts';

export interface TakenUp {
  readonly state: RolloutState;
  /** What the event log is to say of it: kind and sentence, in order. */
  readonly events: readonly (readonly [kind: string, sentence: string])[];
}

/**
 * The stored state, never at a higher share than it had, and from its step's beginning where its
 * evidence was gathered under settings that prove nothing of today's; the first one for `null`.
 */
export function takeUp(
  stored: RolloutState | null,
  settings: Settings,
  options: { readonly label?: string; readonly salt?: string },
  nowMs: number,
): TakenUp {
  const proof = proofOf(settings);
  const { label = 'candidate', salt = randomBytes(8).toString('hex') } = options;
  const known = stored ?? verbs.first({ label, salt, proof }, nowMs);
  const placed = reconcile(known, ladderOf(settings), settings.key !== null, nowMs);
  const state = verbs.provedBy(placed, proof, nowMs);
  const events: [string, string][] = [['start', startSentence(state, stored === null)]];
  if (state.percent < known.percent) {
    events.push(['warning', lowerAtStartSentence(known.percent, state.percent)]);
  }
  if (proof !== known.proof) events.push(['warning', proofLostSentence(state.percent)]);
  return { state, events };
}
