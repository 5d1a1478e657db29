import { messageOf } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import type { Assignment } from '../model/assignment.ts';
import type { TrafficEngine } from './engine.ts';

/** Hands assignments to the proxies, and knows whether all of them have the newest. */
export class Applying {
  readonly #engine: TrafficEngine;
  readonly #log: Log;
  #newest: Assignment | null = null;
  #problem: string | null = null;

  constructor(engine: TrafficEngine, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  /** Why a proxy may not have the newest assignment; null when all have it. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Settles when it has been tried; see {@link problem}. */
  async apply(assignment: Assignment): Promise<void> {
    this.#newest = assignment;
    try {
      await this.#engine.apply(assignment);
      if (assignment === this.#newest) this.#problem = null;
    } catch (error) {
      this.#problem = `a proxy may not have the newest assignment: ${messageOf(error)}`;
      this.#log.error({ cause: messageOf(error) }, 'assignment not applied');
    }
  }
}
