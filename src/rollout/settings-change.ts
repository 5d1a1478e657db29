/** What a changed configuration means to a rollout that goes on under it. Pure. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { CrossfadeError } from '../kit/errors.ts';
import type { Settings } from '../model/settings.ts';
import { ladderOf } from './ladder.ts';

/** From one configuration to the next, when nothing speaks against it. */
export interface SettingsChange {
  /** Names of what differs, in the order of the table below. */
  readonly changed: readonly string[];
  /** What was gathered under the old settings proves nothing of the new ones. */
  readonly isEvidenceVoid: boolean;
}

/**
 * restart: another process alone can have it. cohort: it decides who is on the candidate or what
 * a client keeps of it, so it stays while anybody is. evidence: it decides what answers and times
 * a pair has and how they are judged. plain: neither.
 */
export type ReloadEffect = 'restart' | 'cohort' | 'evidence' | 'plain';

/** Every setting, its name for people, and what it takes to change it. */
const EFFECTS: Readonly<Record<keyof Settings, readonly [name: string, effect: ReloadEffect]>> = {
  listen: ['listen', 'restart'],
  control: ['control', 'restart'],
  storePath: ['store', 'restart'],
  key: ['key', 'cohort'],
  state: ['state', 'cohort'],
  cookies: ['cookies', 'cohort'],
  legacy: ['legacy', 'evidence'],
  candidate: ['candidate', 'evidence'],
  routes: ['routes', 'evidence'],
  compare: ['compare', 'evidence'],
  gates: ['gates', 'evidence'],
  liveTimeoutMs: ['timeouts.live', 'evidence'],
  shadowTimeoutMs: ['timeouts.shadow', 'evidence'],
  port: ['port', 'plain'],
  workers: ['workers', 'plain'],
  ladder: ['ladder', 'plain'],
  unproven: ['unproven', 'plain'],
  mirror: ['mirror', 'plain'],
  twin: ['twin', 'plain'],
  noise: ['noise', 'plain'],
  rescueAfterMs: ['rescue', 'plain'],
  isRescueOn: ['rescue', 'plain'],
  overrideSecret: ['overrides', 'plain'],
  record: ['record', 'plain'],
};

/**
 * What differs between two configurations. Throws `needs-restart`, naming every setting that a
 * rollout at `percent` cannot change while it runs.
 */
export function changeOf(from: Settings, to: Settings, percent: number): SettingsChange {
  const changed = (Object.keys(EFFECTS) as (keyof Settings)[]).filter(
    (setting) => !isDeepStrictEqual(from[setting], to[setting]),
  );
  const refusals = changed.flatMap((setting) => refusalOf(setting, to, percent));
  if (refusals.length > 0) {
    throw new CrossfadeError('needs-restart', `not reloaded: ${refusals.join('; ')}`, {
      hint: 'put back what it was, or stop crossfade run and start it again',
    });
  }
  const isEvidenceVoid = changed.some(isOfProof);
  const names = changed.flatMap((setting) =>
    setting === 'port' ? portNames(from.port, to.port) : [EFFECTS[setting][0]],
  );
  return { changed: [...new Set(names)], isEvidenceVoid };
}

/** Digest of all settings that decide what the evidence is worth: the same, or worth nothing. */
export function proofOf(settings: Settings): string {
  const names = (Object.keys(EFFECTS) as (keyof Settings)[]).filter(isOfProof);
  const text = JSON.stringify(names.map((name) => settings[name]));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function isOfProof(setting: keyof Settings): boolean {
  const [, effect] = EFFECTS[setting];
  return effect === 'evidence' || effect === 'cohort';
}

/** What the event log says of a change. */
export function changeSentence({ changed, isEvidenceVoid }: SettingsChange): string {
  const what = changed.length === 0 ? 'nothing in it has changed' : changed.join(', ');
  const proof = isEvidenceVoid ? "; the step's evidence begins anew" : '';
  return `Configuration reloaded: ${what}${proof}`;
}

/** The data port's settings stand in several places of a file; all others are limits. */
const PORT_PLACES: Partial<Record<keyof Settings['port'], string>> = {
  tls: 'tls',
  hasProxyProtocol: 'proxyProtocol',
  trustedHops: 'trustedHops',
};

function portNames(from: Settings['port'], to: Settings['port']): readonly string[] {
  return (Object.keys(to) as (keyof Settings['port'])[])
    .filter((setting) => !isDeepStrictEqual(from[setting], to[setting]))
    .map((setting) => PORT_PLACES[setting] ?? 'limits');
}

/** What it takes to change a key of the file's root; undefined where it is no such key. */
export function reloadEffectOf(key: string): ReloadEffect | undefined {
  const isOfPort = key === 'limits' || Object.values(PORT_PLACES).includes(key);
  const wanted = isOfPort ? 'port' : key;
  const found = Object.values(EFFECTS).find(([name]) => name.split('.')[0] === wanted);
  return found?.[1];
}

function refusalOf(setting: keyof Settings, to: Settings, percent: number): readonly string[] {
  const [name, effect] = EFFECTS[setting];
  if (effect === 'restart') return [`${name} has changed: restart to change it`];
  if (effect === 'cohort' && percent > 0) {
    return [
      `${name} has changed, with ${percent} % on the candidate: ` +
        'roll back to 0 % or restart to change it',
    ];
  }
  const hasStep = ladderOf(to).some((step) => step.percent === percent);
  if (setting !== 'ladder' || hasStep) return [];
  return [`ladder has no step at ${percent} %, where the rollout is: restart to change it`];
}
