/** What the control API answers: one row a verb, the same sentences as the command line. */
import { CrossfadeError } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Controller } from '../rollout/controller.ts';
import type { MirrorOrder } from '../rollout/mirror-orders.ts';

export type Verb = 'hold' | 'resume' | 'promote' | 'approve' | 'rollback' | 'begin' | 'mirror';

export interface VerbRequest {
  readonly reason: string;
  readonly label: string;
  /** Refused when the rollout has moved on since; null asks for no such check. */
  readonly revision: number | null;
  /** What is ordered of the mirror; nothing with any other verb. */
  readonly mirror: MirrorOrder;
}

export const VERBS: Readonly<Record<Verb, (to: Controller, asked: VerbRequest) => Promise<void>>> =
  {
    hold: (to, { reason }) => to.hold(reason),
    resume: (to, { reason }) => to.resume(reason),
    promote: (to, { reason }) => to.promote(reason),
    approve: (to, { reason }) => to.approve(reason),
    rollback: (to, { reason }) => to.rollback(reason),
    begin: (to, { label, reason }) => to.begin(label, reason),
    mirror: (to, { mirror, reason }) => to.mirror(mirror, reason),
  };

/** What a reload of the configuration has changed. */
export interface Reloaded {
  /** As the event log says it. */
  readonly sentence: string;
  /** Names of the settings that are others now. */
  readonly changed: readonly string[];
  /** What was proved of this step does not count any more. */
  readonly isEvidenceVoid: boolean;
  /** Proxies that serve under the new settings. */
  readonly workers: number;
}

const FIELDS: ReadonlySet<string> = new Set(['reason', 'label', 'revision']);
const MIRROR_FIELDS: ReadonlySet<string> = new Set(['turn', 'percent', 'maxRatePerSec']);
const TURNS: readonly unknown[] = ['on', 'off', 'reset', null];
const RATE_MAX_PER_SEC = 1_000_000;

/** A verb's body, checked. Throws `bad-request` with what was expected and what was found. */
export function parseVerb(verb: Verb | 'reload', body: unknown): VerbRequest {
  const given = body ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw badRequest('The body must be a JSON object.');
  }
  const isKnown = (field: string): boolean =>
    FIELDS.has(field) || (verb === 'mirror' && MIRROR_FIELDS.has(field));
  const unknown = Object.keys(given).find((field) => !isKnown(field));
  if (unknown !== undefined) throw badRequest(`Unknown field "${unknown}".`);
  const { reason = '', label = '', revision = null } = given as Record<string, unknown>;
  if (revision !== null && typeof revision !== 'number') {
    throw badRequest('revision must be a number.');
  }
  const request = {
    reason: text('reason', reason),
    label: text('label', label),
    revision,
    mirror: mirrorOrder(given as Record<string, unknown>),
  };
  if (verb === 'begin' && request.label === '') {
    throw badRequest('begin needs the label of the new candidate build.');
  }
  return { ...request, reason: request.reason === '' ? 'no reason given' : request.reason };
}

function mirrorOrder(given: Record<string, unknown>): MirrorOrder {
  const { turn = null, percent = null, maxRatePerSec = null } = given;
  if (!TURNS.includes(turn)) throw badRequest('turn must be on, off or reset.');
  return {
    turn: turn as MirrorOrder['turn'],
    percent: number('percent', percent, 100),
    maxRatePerSec: number('maxRatePerSec', maxRatePerSec, RATE_MAX_PER_SEC),
  };
}

function number(field: string, value: unknown, max: number): number | null {
  if (value === null) return null;
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  throw badRequest(`${field} must be a number from 0 to ${max}.`);
}

/** Throws `revision-changed` when the caller has decided on an older state. */
export function requireRevision(controller: Controller, asked: VerbRequest): void {
  const { revision } = controller.assignment();
  if (asked.revision === null || asked.revision === revision) return;
  throw new CrossfadeError(
    'revision-changed',
    `The rollout is at revision ${revision}, not ${asked.revision}: it has moved on.`,
    { hint: 'Look at the status again and decide anew.' },
  );
}

/** One line of text: control characters would forge lines in the event log. */
function text(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.length > LIMITS.controlTextMaxChars) {
    throw badRequest(
      `${field} must be a text of at most ${LIMITS.controlTextMaxChars} characters.`,
    );
  }
  return value.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function badRequest(message: string): CrossfadeError {
  return new CrossfadeError('bad-request', message, {
    hint: 'Send {"reason": "…"}, and {"label": "…"} with begin.',
  });
}
