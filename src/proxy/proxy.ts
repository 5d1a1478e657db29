/** One proxy put together: pools, pipeline, comparison and counts; `worker.ts` gives it a life. */
import { createHash } from 'node:crypto';
import type { Server } from 'node:net';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import { Accumulator, type MissedCounts } from '../measure/accumulate.ts';
import { marginsOf } from '../measure/parted.ts';
import type { Assignment } from '../model/assignment.ts';
import type { Settings } from '../model/settings.ts';
import type { ProxyStall } from '../model/stall.ts';
import type { Summary } from '../model/window.ts';
import { createPortServer, type PortServer } from '../wire/port-server.ts';
import type { Analyst } from './analyst/analyst.ts';
import { Assigner } from './assign.ts';
import { createForwarder } from './forward.ts';
import { createIdentifier } from './identify/identify.ts';
import { KeyOrder } from './mirror/key-order.ts';
import type { ConnectionLimits } from './messages.ts';
import { createMirror, type Mirror } from './mirror/mirror.ts';
import { MirrorBudget } from './mirror/mirror-budget.ts';
import { createOwnJournal, type JournalPort } from './missed/journal-port.ts';
import { answerOverload } from './local-answers.ts';
import { MissedWrites } from './missed/missed-writes.ts';
import { Outbound } from './fields/outbound.ts';
import { type OwnStalls, watchOwnStalls } from './own-stalls.ts';
import { createFullness, Overload, OVERLOAD, type OverloadLevel } from './overload.ts';
import { createPairing, type Pairing } from './pairing.ts';
import { Pipeline } from './pipeline.ts';
import { closePools, createPools, type Pools } from './pools.ts';
import { createNoiseAsker, type NoiseAsker, type SecondSource } from './referee/noise-asker.ts';
import { createReferee, type Referee } from './referee/referee.ts';
import { Replayer } from './missed/replayer.ts';
import { TaintedKeys } from './missed/taint.ts';
import type { WriteLog } from './missed/write-log.ts';

export interface ProxyParts {
  readonly worker: number;
  readonly settings: Settings;
  readonly assignment: Assignment;
  readonly clock: Clock;
  readonly analyst: Analyst;
  readonly writes: WriteLog;
  /**
   * Where missed writes go; a journal of the proxy's own, which is lost with it, when not given.
   */
  readonly journal?: JournalPort;
  /** As many as the limits say, unless the system allows fewer. */
  readonly connections?: ConnectionLimits;
  /** How full the proxy is, 0 to 1 and beyond; its own memory and delay unless given. */
  readonly fullness?: () => number;
  /** Whom the shadows' names are asked of, `ADDRESS[:PORT]` each: the system's, unless given. */
  readonly shadowNameServers?: readonly string[];
  /** Safe mode: it serves, and does nothing else. */
  readonly isBypass?: boolean;
}

export interface Proxy {
  readonly server: Server;
  readonly tainted: TaintedKeys;
  /** Sends missed writes to the side that missed them. */
  readonly replayer: Replayer;
  /** Takes a newer assignment; answers false for a stale one. */
  assign(assignment: Assignment): boolean;
  readonly assignment: Assignment;
  /** Counts and histograms since the last call. */
  summarize(): Summary;
  /**
   * Resolves when nothing is under way any more, or `maxMs` have passed. `lingers` is called where
   * clients remain when a drain is usually over: by then all copies have been given up.
   */
  drain(maxMs: number, lingers: () => void): Promise<void>;
  /** A drain under way ends within `maxMs` at the latest. */
  hasten(maxMs: number): void;
  close(): Promise<void>;
}

/** A proxy that is ready to be handed connections; see the head of this file. */
export function createProxy(parts: ProxyParts): Proxy {
  return new AssembledProxy(parts);
}

class AssembledProxy implements Proxy {
  readonly tainted: TaintedKeys;
  readonly replayer: Replayer;
  readonly #parts: ProxyParts;
  readonly #count: Accumulator;
  readonly #data: PortServer;
  readonly #pools: Pools;
  readonly #mirror: Mirror;
  readonly #referee: Referee;
  readonly #noise: NoiseAsker;
  readonly #missed: MissedWrites;
  readonly #pairing: Pairing;
  readonly #journal: JournalPort;
  readonly #overload: Overload;
  readonly #stalls = watchOwnStalls();
  #assignment: Assignment;
  #startMs: number;
  #isDraining = false;
  #drainedByUs = Infinity;
  /** Nobody waits any more but for copies: they are given up. */
  #areCopiesOver = false;

  constructor(parts: ProxyParts) {
    const { settings, clock, analyst, writes } = parts;
    this.#parts = parts;
    this.#count = new Accumulator(marginsOf(settings.gates));
    this.#assignment = parts.assignment;
    this.#startMs = clock.wallMs();
    const nowUs = (): number => clock.nowUs();
    const connections = parts.connections ?? {
      live: LIMITS.liveConnectionsMax,
      shadow: LIMITS.shadowConnectionsMax,
      clients: Infinity,
    };
    this.#pools = createPools(parts, connections);
    const { shadow } = this.#pools;
    this.#overload = new Overload(parts.fullness ?? createFullness(clock), clock);
    const order = new KeyOrder();
    const tainted = new TaintedKeys(nowUs);
    this.tainted = tainted;
    this.replayer = new Replayer({
      sides: shadow,
      order,
      shadowTimeoutMs: settings.shadowTimeoutMs,
      isPaused: () => this.#areReplaysPaused,
    });
    this.#journal = parts.journal ?? createOwnJournal(clock, tainted, this.replayer);
    const unplaced = (route: string): void => this.#count.unplaced(route);
    const missed = new MissedWrites({ tainted, journal: this.#journal, writes, unplaced });
    this.#missed = missed;
    const overload = (): OverloadLevel => this.#overload.level;
    const { shadowTimeoutMs } = settings;
    const asking = { order, missed, analyst, clock, overload, shadowTimeoutMs };
    this.#mirror = createMirror({
      sides: shadow,
      order,
      overload,
      clock,
      shadowTimeoutMs,
      holdsWrites: (keys) => missed.holds(keys),
    });
    this.#referee = createReferee({
      ...asking,
      sides: shadow,
      tainted,
      isLeftAlone: (side) => this.#mirror.isLeftAlone(side),
      digest: digestOf(parts.assignment.salt),
    });
    this.#noise = createNoiseAsker({ ...asking, ...this.#noiseSource() });
    this.#setPaused(parts.assignment.mirrorPause !== '');
    this.#pairing = createPairing({
      count: this.#count,
      tainted,
      missed,
      analyst,
      referee: this.#referee,
      comparePercent: () => this.#assignment.comparePercent,
      isRecording: settings.record !== null,
      overload,
    });
    const pipeline = this.#createPipeline(order);
    const port = { port: settings.port, clock, connectionsMax: connections.clients };
    this.#data = createPortServer(port, (inbound) => {
      const { level } = this.#overload;
      if (this.#isDraining || level >= OVERLOAD.keepAlive) inbound.closeAfter();
      if (level >= OVERLOAD.accept) answerOverload(inbound, this.#count);
      else pipeline.accept(inbound);
    });
  }

  get server(): Server {
    return this.#data.server;
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  /** Missed writes wait while nothing is mirrored, and while the proxy winds down. */
  get #areReplaysPaused(): boolean {
    const isMirroring = this.#assignment.mirrorPause === '' && !this.#isDraining;
    return !isMirroring || this.#overload.level >= OVERLOAD.mirror;
  }

  /** Kill switch and its release: what asks again first, so that nothing of it is sent anew. */
  #setPaused(isPaused: boolean): void {
    this.#referee.setPaused(isPaused);
    this.#noise.setPaused(isPaused);
    this.#mirror.setPaused(isPaused);
  }

  /** Where legacy's second answers come from, and for which share of the mirrored reads. */
  #noiseSource(): { readonly source: SecondSource; readonly ratio: number } {
    const { settings, assignment } = this.#parts;
    const { noise, twin } = settings;
    const upstream = this.#pools.twin;
    if (twin === null || upstream === null) {
      return { source: { upstream: this.#pools.shadow.legacy }, ratio: noise.reaskRatio };
    }
    const outbound = new Outbound({ ...settings, legacy: twin }, pseudonymOf(assignment.salt));
    return { source: { upstream, outbound }, ratio: noise.twinRatio };
  }

  #createPipeline(order: KeyOrder): Pipeline {
    const { settings, clock, writes, assignment, isBypass = false } = this.#parts;
    const nowUs = (): number => clock.nowUs();
    const pseudonym = pseudonymOf(assignment.salt);
    const outbound = new Outbound(settings, pseudonym);
    const assigner = new Assigner({
      assignment: () => this.#assignment,
      order,
      tainted: this.tainted,
      budget: new MirrorBudget({
        routes: settings.mirror.routes,
        nowUs,
        wallMs: () => clock.wallMs(),
        random: Math.random,
      }),
      holdsWrites: (keys) => this.#missed.holds(keys),
      overrideSecret: settings.overrideSecret,
      hasSeparateState: settings.state === 'separate',
      isBypass,
    });
    return new Pipeline({
      identifier: createIdentifier(settings.routes, settings.key),
      assigner,
      outbound,
      forwarder: createForwarder({
        sides: this.#pools.live,
        outbound,
        count: this.#count,
        options: settings,
        nowUs,
      }),
      mirror: this.#mirror,
      pairing: this.#pairing,
      noise: this.#noise,
      order,
      missed: this.#missed,
      writes,
      count: this.#count,
      hasKey: settings.key !== null,
      pseudonym,
      nowUs,
    });
  }

  assign(next: Assignment): boolean {
    if (isStale(next, this.#assignment)) return false;
    // It was not compared as keys were tainted that no proxy could name: these count no more.
    if (this.#assignment.comparePercent === 0 && next.comparePercent > 0) {
      this.tainted.forgetOverflow();
    }
    if (this.#assignment.rollout !== next.rollout) this.#parts.analyst.begin();
    this.#assignment = next;
    this.#setPaused(next.mirrorPause !== '' || this.#areCopiesOver);
    return true;
  }

  summarize(): Summary {
    const endMs = this.#parts.clock.wallMs();
    const stalls = this.#stalls.take();
    this.#tellStall({ fromMs: this.#startMs, toMs: endMs, longestUs: longestOf(stalls) });
    const summary: Summary = {
      worker: this.#parts.worker,
      startMs: this.#startMs,
      endMs,
      traffic: {
        ...this.#count.traffic(this.#missedCounts(), this.#data.rejected()),
        referee: this.#referee.counts(),
        noise: this.#noise.counts(),
      },
      races: this.#referee.takeRaces(),
      ...noisyOf(this.#parts.analyst),
      cells: this.#count.takeCells(),
      clusters: this.#parts.analyst.takeClusters(),
      rules: this.#parts.analyst.takeRules(),
      routes: this.#count.takeRoutes(),
      ...placedOf(this.#count),
      tainted: this.tainted.takeFresh(),
      taintedBeyond: this.tainted.takeOverflow(),
      lifted: this.tainted.takeLifted(),
      ...stalls,
      revision: this.#assignment.revision,
      mirror: this.#mirror.state(),
    };
    this.#startMs = endMs;
    return summary;
  }

  #tellStall(stall: ProxyStall): void {
    if (stall.longestUs > LIMITS.toldStallMinUs) this.#parts.analyst.stalled(stall);
  }

  #missedCounts(): MissedCounts {
    const { tainted } = this;
    const { count: journalEntries, bytes: journalBytes } = this.#journal;
    const taintedBy = tainted.countBy();
    return { taintedKeys: tainted.count, taintedBy, journalEntries, journalBytes };
  }

  hasten(maxMs: number): void {
    this.#drainedByUs = Math.min(this.#drainedByUs, this.#parts.clock.nowUs() + maxMs * 1000);
  }

  async drain(maxMs: number, lingers: () => void): Promise<void> {
    this.#isDraining = true;
    this.hasten(maxMs);
    const { clock } = this.#parts;
    const lingersFromUs = clock.nowUs() + LIMITS.drainMaxMs * 1000;
    let isLingering = false;
    this.#data.server.close();
    let clientsGoneUs = Infinity;
    while (clock.nowUs() < this.#drainedByUs) {
      this.#data.drain();
      const shadowCount = this.#mirror.outstanding + this.replayer.outstanding;
      const isQuiet = shadowCount === 0 && this.#pairing.pendingCount === 0;
      const nowUs = clock.nowUs();
      clientsGoneUs = this.#data.connectionCount === 0 ? Math.min(clientsGoneUs, nowUs) : Infinity;
      if (isQuiet && clientsGoneUs <= nowUs) break;
      if (nowUs - clientsGoneUs > LIMITS.drainCopiesMs * 1000) this.#giveUpCopies();
      if (!isLingering && nowUs > lingersFromUs) {
        isLingering = true;
        this.#giveUpCopies();
        lingers();
      }
      await new Promise((resolve) => setTimeout(resolve, isLingering ? 200 : 20));
    }
    this.#data.destroyAll();
    // What it has not ruled on by now is ruled on as it stands, and counted.
    this.#referee.setPaused(true);
  }

  /** A shadow that hangs does not hold up the end; writes it missed go to the journal. */
  #giveUpCopies(): void {
    if (this.#areCopiesOver) return;
    this.#areCopiesOver = true;
    this.#setPaused(true);
  }

  async close(): Promise<void> {
    this.#data.destroyAll();
    this.#stalls.close();
    this.#overload.close();
    this.#journal.close();
    this.#referee.setPaused(true);
    await Promise.all([closePools(this.#pools), this.#parts.analyst.close()]);
  }
}

function longestOf({ loopDelayMaxUs, ownGcMaxUs }: ReturnType<OwnStalls['take']>): number {
  return Math.max(loopDelayMaxUs, ownGcMaxUs);
}

function placedOf(count: Accumulator): Pick<Summary, 'placed'> {
  const placed = count.takePlaced();
  return placed === undefined ? {} : { placed };
}

function noisyOf(analyst: Analyst): Pick<Summary, 'noisy'> {
  const noisy = analyst.noise();
  return noisy === null ? {} : { noisy };
}

function isStale(next: Assignment, known: Assignment): boolean {
  if (next.epoch !== known.epoch) return next.epoch < known.epoch;
  if (next.revision !== known.revision) return next.revision < known.revision;
  return next.mirrorRevision < known.mirrorRevision;
}

/** The proxy's name in Via: the same for all proxies of one migration, without a host's name. */
function pseudonymOf(salt: string): string {
  return `crossfade-${createHash('sha256').update(salt).digest('hex').slice(0, 8)}`;
}

/** What is shown of a key where it stands for nobody: alike for the same, under one salt. */
function digestOf(salt: string): (key: string) => string {
  return (key) => createHash('sha256').update(`${salt}/race/${key}`).digest('hex').slice(0, 12);
}
