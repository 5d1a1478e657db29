/**
 * The rollout on one machine. In: the proxies' summaries and people's verbs. Out: assignments,
 * events, status. Its tick is the whole story:
 *
 *   close window -> judge gates -> decide -> make durable -> apply
 *
 * Raising the share is durable before it takes effect; rolling back takes effect before it is
 * durable, and needs no disk at all.
 */
import type { Clock } from '../kit/clock.ts';
import { messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Assignment } from '../model/assignment.ts';
import type {
  Decision,
  ResumedVerdict,
  RolloutEvent,
  RolloutState,
  Status,
  Verdict,
} from '../model/rollout.ts';
import type { LadderStep, Settings } from '../model/settings.ts';
import type { Summary, TaintedKey } from '../model/window.ts';
import { Applying } from './applying.ts';
import { assignmentOf } from './assignment-of.ts';
import * as say from './audit.ts';
import type { Controller, ControllerOptions } from './controller-contract.ts';
import { decide, openSentences } from './decide.ts';
import { Gathering, isOnward } from './gathering.ts';
import { type Judged, progressOf, resume, verdictOf } from './judging.ts';
import { ladderOf, stepAt } from './ladder.ts';
import { lapsedRules } from './lapsed-rules.ts';
import { ruleStatuses } from './rule-status.ts';
import { MirrorControl } from './mirror-control.ts';
import { isOnlyLess, type MirrorOrder, mirrorSentence, ordered } from './mirror-orders.ts';
import { Outbox } from './outbox.ts';
import type { PairedSecond } from './seconds.ts';
import { changeSentence, proofOf, type SettingsChange } from './settings-change.ts';
import { statusOf } from './status.ts';
import { type TakenUp, takeUp } from './take-up.ts';
import { spread } from './taint-news.ts';
import * as verbs from './verbs.ts';

export type { Controller, ControllerOptions };

/** Newest events in a status. */
const STATUS_EVENTS = 50;

/** Takes up the rollout in the store, or begins the first one. Nothing happens before `start`. */
export function createController(options: ControllerOptions): Controller {
  return new RolloutController(options);
}

class RolloutController implements Controller {
  readonly epoch: number;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #gathering: Gathering;
  readonly #takenUp: TakenUp;
  readonly #applying: Applying;
  readonly #mirror: MirrorControl;
  #settings: Settings;
  #ladder: readonly LadderStep[];
  #hasKey: boolean;
  #state: RolloutState;
  #verdict: Verdict;
  readonly #resumed: ResumedVerdict | null;
  /** A bug of ours in the newest tick; null when it went well. */
  #bug: string | null = null;
  /** Nothing is compared, as no key can be told to be sound. */
  #isBlind = false;
  #lastTickUs = 0;
  #lastWriteUs = 0;
  #stop: () => void = () => {};

  constructor(options: ControllerOptions) {
    const { settings, store, clock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#applying = new Applying(options.engine, options.log);
    this.#settings = settings;
    this.#ladder = ladderOf(settings);
    this.#hasKey = settings.key !== null;
    this.epoch = store.nextEpoch();
    this.#outbox = new Outbox(store, options.log);
    this.#gathering = new Gathering(settings.gates, clock, store.tainted());
    const stored = store.load();
    this.#takenUp = takeUp(stored?.state ?? null, settings, options, clock.wallMs());
    this.#state = this.#takenUp.state;
    this.#mirror = new MirrorControl(settings, this.#state, clock);
    this.#gathering.beginStep(this.#state.stepStartedAtMs);
    this.#resumed = resume(this.#judged, stored);
    this.#verdict = verdictOf(this.#judged);
  }

  async start(): Promise<void> {
    for (const [kind, sentence] of this.#takenUp.events) this.#note(kind, sentence);
    if (this.#resumed?.isSame === false) this.#note('warning', say.OTHER_VERDICT);
    this.#writeIfPossible();
    await this.#apply();
    this.#lastTickUs = this.#clock.nowUs();
    this.#stop = this.#clock.every(LIMITS.tickMs, () => this.#tickSafely());
  }

  /** A bug in judging promotes nothing and ends nothing: traffic and rollback go on. */
  #tickSafely(): void {
    try {
      this.#tick();
      this.#bug = null;
    } catch (error) {
      this.#bug = `not judged, a bug of crossfade: ${messageOf(error)}`;
      this.#options.log.error({ error }, 'tick failed');
    }
  }

  #tick(): void {
    this.#lapse();
    this.#closeWindows();
    this.#verdict = verdictOf(this.#judged);
    this.#enact(this.#decide());
    const isOtherMirror = this.#mirror.tick((sentence) => this.#note('mirror', sentence));
    if (isOtherMirror || this.#gathering.areTaintsFull !== this.#isBlind) void this.#apply();
    this.#keepUp();
  }

  get #judged(): Judged {
    const [settings, ladder, state] = [this.#settings, this.#ladder, this.#state];
    return { gathering: this.#gathering, settings, ladder, state };
  }

  #decide(): Decision {
    return decide({
      state: this.#state,
      ladder: this.#ladder,
      verdict: this.#verdict,
      hasKey: this.#hasKey,
      peaks: this.#gathering.peaks,
      hold: this.#gathering.hold,
      mirrorPause: this.#mirror.pause,
      splitProblem: this.#gathering.splitProblem(this.#state.percent),
    });
  }

  #enact(decision: Decision): void {
    const from = this.#state;
    switch (decision.kind) {
      case 'hold':
        this.#followGates();
        break;
      case 'advance': {
        const next = this.#atStep(decision.toStep);
        const sentence = say.advanceSentence(from, next.percent, decision.reason);
        this.#tryRaise(next, 'advance', sentence);
        break;
      }
      case 'complete':
        this.#tryRaise(
          verbs.completed(from),
          'complete',
          say.completeSentence(from, decision.reason),
        );
        break;
      case 'rollback':
        void this.#lower(this.#rolledBack(decision.reason), 'rollback', decision.reason);
        break;
    }
  }

  async hold(reason: string): Promise<void> {
    const next = verbs.held(this.#state, reason);
    await this.#lower(next, 'hold', say.holdSentence(next.percent, reason));
  }

  async resume(reason: string): Promise<void> {
    verbs.requireResumable(this.#state);
    const next =
      this.#state.phase === 'rolled-back' ? this.#atStep(0) : verbs.climbing(this.#state, reason);
    this.#raise(next, 'resume', say.resumeSentence(next.percent, reason));
    await this.#apply();
  }

  async promote(reason: string): Promise<void> {
    const from = this.#state;
    verbs.requirePromotable(from, this.#ladder, this.#verdict, this.#hasKey);
    const isLast = from.step === this.#ladder.length - 1;
    const next = isLast ? verbs.completed(from) : this.#atStep(from.step + 1);
    const open = openSentences(this.#verdict);
    this.#raise(next, 'promote', say.promoteSentence(from.percent, next.percent, reason, open));
    await this.#apply();
  }

  async approve(reason: string): Promise<void> {
    verbs.requireApprovable(this.#state, this.#ladder);
    const next = { ...this.#state, isApproved: true };
    this.#raise(next, 'approve', say.approveSentence(next.percent, reason));
  }

  async rollback(reason: string): Promise<void> {
    await this.#lower(this.#rolledBack(reason), 'rollback', reason);
  }

  async begin(label: string, reason: string): Promise<void> {
    const from = this.#state;
    const step = this.#atStep(0);
    const id = from.id + 1;
    const next = { ...step, id, label, startedAtMs: step.stepStartedAtMs, reason };
    this.#gathering.beginRollout(next.stepStartedAtMs);
    await this.#lower(next, 'begin', say.beginSentence(next, from.percent, reason));
  }

  async reconfigure(settings: Settings, change: SettingsChange): Promise<void> {
    this.#settings = settings;
    this.#ladder = ladderOf(settings);
    this.#hasKey = settings.key !== null;
    const state = { ...this.#state, step: stepAt(this.#ladder, this.#state.percent) };
    if (change.isEvidenceVoid) {
      this.#gathering.gatherFor(settings.gates);
      this.#become(verbs.provedBy(state, proofOf(settings), this.#clock.wallMs()));
    } else this.#state = state;
    this.#mirror.change(this.#settings, this.#state.mirror);
    const applied = this.#apply();
    this.#note('reload', changeSentence(change));
    this.#writeIfPossible();
    await applied;
  }

  async mirror(order: MirrorOrder, reason: string): Promise<void> {
    const mirror = ordered(this.#state.mirror, order, reason);
    const next = { ...this.#state, mirror };
    const event = this.#event(next, 'mirror', mirrorSentence(order, reason));
    const progress = progressOf(this.#judged, next);
    const isLess = isOnlyLess(order, this.#mirror.status());
    if (!isLess) this.#outbox.write(next, progress, event);
    this.#state = next;
    this.#mirror.change(this.#settings, this.#state.mirror);
    const applied = this.#apply();
    if (isLess) this.#outbox.note(event);
    this.#writeIfPossible();
    await applied;
  }

  accept(summary: Summary): void {
    this.#mirror.accept(summary);
    spread(this.#gathering.accept(summary, this.#state), this.#outbox, this.#options.engine);
  }

  taint(keys: readonly TaintedKey[]): void {
    spread(this.#gathering.taint(keys), this.#outbox, this.#options.engine);
  }

  workerLost(worker: number): void {
    this.#mirror.workerLost(worker);
    this.#gathering.workerLost(worker);
  }

  assignment(): Assignment {
    return assignmentOf(this.epoch, this.#state, this.#mirror, this.#gathering.areTaintsFull);
  }

  taintedKeys(): readonly TaintedKey[] {
    return this.#gathering.taintedKeys();
  }

  events(afterId: number, limit: number): readonly RolloutEvent[] {
    return this.#outbox.events(afterId, limit);
  }

  seconds(sinceMs: number): readonly PairedSecond[] {
    return this.#gathering.seconds.since(sinceMs);
  }

  status(): Status {
    return statusOf({
      state: this.#state,
      ladder: this.#ladder,
      verdict: this.#verdict,
      resumed: this.#state.id === this.#takenUp.state.id ? this.#resumed : null,
      decision: this.#decide(),
      gathering: this.#gathering,
      mirror: this.#mirror.status(),
      engine: this.#options.engine,
      events: this.events(0, STATUS_EVENTS),
      warnings: [this.#bug, this.#outbox.problem, this.#applying.problem],
      rules: ruleStatuses(this.#settings, this.#gathering.rules(), this.#clock.wallMs()),
      lapsed: lapsedRules(this.#settings, this.#clock.wallMs()),
    });
  }

  async close(): Promise<void> {
    this.#stop();
    this.#closeWindows();
    this.#writeIfPossible();
  }

  /** Adds the time since the last tick to the step; pauses, stalls and silence do not count. */
  #lapse(): void {
    const nowUs = this.#clock.nowUs();
    const lapsedMs = Math.min((nowUs - this.#lastTickUs) / 1000, 3 * LIMITS.tickMs);
    this.#lastTickUs = nowUs;
    const isJudged = this.#state.phase === 'climbing' && this.#gathering.workers > 0;
    const spanMs = isJudged && this.#mirror.pause === '' ? lapsedMs : 0;
    this.#gathering.lapse(spanMs, this.#state.percent);
    this.#state = { ...this.#state, stepElapsedMs: this.#state.stepElapsedMs + spanMs };
  }

  #closeWindows(): void {
    this.#gathering.evidence.resources.add(this.#options.resources);
    this.#outbox.addWindows(this.#gathering.closeWindows(this.#state));
    this.#outbox.addResources(this.#gathering.takeResources(this.#state));
  }

  /** A failing gate holds the rollout, and lets it go when it fails no more. */
  #followGates(): void {
    const next = verbs.followed(this.#state, this.#verdict);
    if (next === null) return;
    this.#state = next;
    const { percent, reason } = next;
    if (next.phase === 'held') this.#note('hold', say.holdSentence(percent, reason));
    else this.#note('resume', say.resumeSentence(percent, reason));
    this.#writeIfPossible();
  }

  /** The state at the beginning of a step of the ladder. */
  #atStep(step: number): RolloutState {
    const { percent } = this.#ladder[step]!;
    return verbs.entered(this.#state, step, percent, this.#clock.wallMs());
  }

  #rolledBack(reason: string): RolloutState {
    return verbs.rolledBack(this.#state, this.#ladder, reason, this.#clock.wallMs());
  }

  /** Durable before effective. Throws what the store throws, and nothing has changed. */
  #raise(next: RolloutState, kind: string, sentence: string): void {
    const raised = { ...next, reason: sentence };
    const event = this.#event(raised, kind, sentence);
    this.#outbox.write(raised, progressOf(this.#judged, raised), event);
    this.#become(raised);
    this.#options.log.info({ percent: next.percent, sentence }, kind);
  }

  /** As `raise`, by the tick: applied without waiting, tried again at the next tick. */
  #tryRaise(next: RolloutState, kind: string, sentence: string): void {
    const { revision } = this.#state;
    try {
      this.#raise(next, kind, sentence);
    } catch {
      // Logged and kept as the outbox's problem: what is not written is not raised.
      return;
    }
    if (next.revision !== revision) void this.#apply();
  }

  /** Effective before durable, and effective even if it can never be made durable. */
  async #lower(next: RolloutState, kind: string, why: string): Promise<void> {
    const from = this.#state.percent;
    const sentence = kind === 'rollback' ? say.rollbackSentence(from, next.percent, why) : why;
    this.#become({ ...next, reason: kind === 'begin' ? next.reason : why });
    const applied = this.#apply();
    this.#note(kind, sentence);
    this.#writeIfPossible();
    await applied;
  }

  #become(next: RolloutState): void {
    const from = this.#state;
    this.#state = next;
    if (next.revision === from.revision) return;
    this.#gathering.beginStep(next.stepStartedAtMs, isOnward(from, next));
    this.#verdict = verdictOf(this.#judged);
  }

  #apply(): Promise<void> {
    this.#isBlind = this.#gathering.areTaintsFull;
    return this.#applying.apply(this.assignment());
  }

  /** What is not on disk or not with the proxies is tried again. */
  #keepUp(): void {
    const isDue = this.#clock.nowUs() - this.#lastWriteUs >= LIMITS.persistEveryMs * 1000;
    if (isDue) this.#writeIfPossible();
    if (this.#applying.problem !== null) void this.#apply();
  }

  #writeIfPossible(): void {
    this.#outbox.tryWrite(this.#state, progressOf(this.#judged, this.#state));
    this.#lastWriteUs = this.#clock.nowUs();
  }

  #note(kind: string, sentence: string): void {
    this.#outbox.note(this.#event(this.#state, kind, sentence));
    this.#options.log.info({ percent: this.#state.percent, sentence }, kind);
  }

  #event(state: RolloutState, kind: string, sentence: string): Omit<RolloutEvent, 'id'> {
    const atMs = this.#clock.wallMs();
    return { rollout: state.id, atMs, kind, percent: state.percent, sentence };
  }
}
