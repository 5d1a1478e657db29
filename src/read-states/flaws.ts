import { CrossfadeError } from '../kit/errors.ts';
import { parseDurationMs, parseShare } from '../kit/units.ts';

/**
 * One way in which a candidate is wrong on purpose. A flaw changes what is answered, never what
 * is stored. `share` is the part of requests it strikes, above 0 and at most 1.
 */
export type Flaw =
  | { readonly kind: 'timestamp-precision' }
  | { readonly kind: 'column-order' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly share: number }
  | { readonly kind: 'error'; readonly share: number }
  | { readonly kind: 'leak' };

export type FlawKind = Flaw['kind'];

/** How each flaw is written, and what it does: the table behind `--flaw` and its help. */
export const FLAW_FORMS: Readonly<Record<FlawKind, { form: string; effect: string }>> = {
  'timestamp-precision': {
    form: 'timestamp-precision',
    effect: 'answers the fraction of last_pin_timestamp as .000',
  },
  'column-order': {
    form: 'column-order',
    effect: 'answers mention_count and flags exchanged, where a state has both',
  },
  stale: { form: 'stale', effect: "answers a user's states as before that user's last write" },
  slow: { form: 'slow:20ms@5%', effect: 'holds that share of answers back for that long' },
  error: { form: 'error@0.5%', effect: 'answers that share of requests with status 500' },
  leak: { form: 'leak', effect: 'keeps 1 KiB of memory for every request' },
};

/** The forms of all flaws in one line, for messages and help. */
export function listFlawForms(): string {
  return Object.values(FLAW_FORMS)
    .map(({ form }) => form)
    .join(', ');
}

function shareOf(text: string | undefined): number | undefined {
  const share = text === undefined ? undefined : parseShare(text);
  return share !== undefined && share > 0 && share <= 1 ? share : undefined;
}

function readFlaw(text: string): Flaw | undefined {
  switch (text) {
    case 'timestamp-precision':
    case 'column-order':
    case 'stale':
    case 'leak':
      return { kind: text };
  }
  const error = /^error@(.+)$/.exec(text);
  const errorShare = shareOf(error?.[1]);
  if (errorShare !== undefined) return { kind: 'error', share: errorShare };
  const slow = /^slow:([^@]+)@(.+)$/.exec(text);
  const delayMs = slow === null ? undefined : parseDurationMs(slow[1]!);
  const slowShare = shareOf(slow?.[2]);
  if (delayMs === undefined || delayMs === 0 || slowShare === undefined) return undefined;
  return { kind: 'slow', delayMs, share: slowShare };
}

/** The flaw that `text` names; throws CrossfadeError `unknown-flaw` (exit 2) when it names none. */
export function parseFlaw(text: string): Flaw {
  const flaw = readFlaw(text);
  if (flaw !== undefined) return flaw;
  throw new CrossfadeError('unknown-flaw', `unknown flaw '${text}'`, {
    hint: `flaws are ${listFlawForms()}`,
  });
}
