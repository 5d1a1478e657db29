import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { createRandom } from '../../src/kit/random.ts';
import type { Outcome, Side } from '../../src/model/exchange.ts';
import { KeyOrder } from '../../src/proxy/mirror/key-order.ts';
import { createMirror } from '../../src/proxy/mirror/mirror.ts';
import { OVERLOAD, type OverloadLevel } from '../../src/proxy/overload.ts';
import type { Passage } from '../../src/proxy/passage.ts';
import { UnsentLeg } from '../../src/proxy/mirror/unsent-leg.ts';
import type { Leg } from '../../src/wire/leg.ts';
import { HeldSide } from '../support/held-side.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';
import { turn } from '../support/wire.ts';

interface Ask {
  readonly keys?: readonly string[];
  readonly isSafe?: boolean;
  readonly bodyBytes?: number;
}

function setup() {
  const clock = createSimulatedClock();
  const shadow = new HeldSide();
  const state: { level: OverloadLevel; draw: number } = { level: OVERLOAD.none, draw: 1 };
  const ended: Passage[] = [];
  const mirror = createMirror({
    sides: { legacy: new HeldSide(), candidate: shadow },
    order: new KeyOrder(),
    clock,
    overload: () => state.level,
    shadowTimeoutMs: 1000,
    random: () => state.draw,
  });
  const send = ({ keys = [], isSafe = true, bodyBytes = 0 }: Ask = {}): Passage => {
    const passage = {
      identity: { keys, isSafe },
      plan: { shadowSide: 'candidate' as Side },
      copy: bodyBytes === 0 ? null : Buffer.alloc(bodyBytes),
      live: null,
      shadow: null,
      hasLiveEnded: false,
      arrival: { sequence: 0, write: null, isLone: false, overlap: null },
      onShadowEnd: null,
      pacer: null,
      requestFor: () => ({}),
    } as unknown as Passage;
    mirror.send(passage, (each) => ended.push(each));
    return passage;
  };
  /** The live leg has answered so much, and is over. */
  const answerLive = (passage: Passage, bodyBytes: number, announcedBytes: number | null): void => {
    passage.live = { bodyBytes, announcedBytes } as Leg;
    passage.pacer?.liveMoved();
  };
  const endLive = (passage: Passage, bodyBytes = 0): void => {
    passage.hasLiveEnded = true;
    answerLive(passage, bodyBytes, null);
  };
  const refusal = (bodyBytes = 0, isWrite = false) =>
    mirror.refusal('candidate', bodyBytes, isWrite);
  return { clock, shadow, state, ended, mirror, send, answerLive, endLive, refusal };
}

const fill = (send: () => unknown, times: number): void => {
  for (let i = 0; i < times; i += 1) send();
};

describe('a paused mirror', () => {
  it('ends every copy at once: under way, waiting for a slot, waiting for its key', () => {
    const { mirror, send, shadow, ended } = setup();
    fill(send, LIMITS.shadowInFlightMax + 100);
    fill(() => send({ keys: ['user-1'], isSafe: false }), 100);
    expect(shadow.legs).toHaveLength(LIMITS.shadowInFlightMax);
    mirror.setPaused(true);
    expect(ended).toHaveLength(LIMITS.shadowInFlightMax + 200);
    expect(ended.every((passage) => passage.shadow?.outcome === 'aborted')).toBe(true);
    expect(ended.filter((passage) => passage.shadow instanceof UnsentLeg)).toHaveLength(200);
    expect(mirror.outstanding).toBe(0);
    expect(shadow.released).toEqual([true]);
  });

  it('tells of the writes of a key in the order in which they came', () => {
    const { mirror, send, ended } = setup();
    const sent = [1, 2, 3].map(() => send({ keys: ['user-1'], isSafe: false }));
    mirror.setPaused(true);
    expect(ended).toEqual(sent);
  });

  it('holds nothing any more when the live legs have ended too', () => {
    const { mirror, send, endLive } = setup();
    const passages = Array.from({ length: 50 }, () => send({ bodyBytes: 1000 }));
    for (const passage of passages.slice(0, 25)) endLive(passage, 500);
    expect(mirror.state().heldBytes).toBe(50 * 1000 + 25 * 500);
    mirror.setPaused(true);
    for (const passage of passages.slice(25)) endLive(passage, 500);
    expect(mirror.state()).toMatchObject({ heldBytes: 0, outstanding: 0 });
  });

  it('sends nothing that was let in before, and sends again when it is let on', () => {
    const { mirror, send, shadow } = setup();
    mirror.setPaused(true);
    send();
    expect(shadow.legs).toHaveLength(0);
    mirror.setPaused(false);
    send();
    expect(shadow.legs).toHaveLength(1);
  });

  it('gives up ten thousand copies of one key without growing the stack', () => {
    const { mirror, send, ended } = setup();
    fill(() => send({ keys: ['user-1'], isSafe: false }), 10_000);
    mirror.setPaused(true);
    expect(ended).toHaveLength(10_000);
  });
});

describe('a shadow that was slow and answers all at once', () => {
  const answerAll = (shadow: HeldSide, from: number): void => {
    for (const leg of shadow.legs.slice(from)) leg.fail('answered');
  };

  it('gets what waited a little at a time, and all of it', async () => {
    const { mirror, send, shadow } = setup();
    const { shadowInFlightMax, shadowBurstMax } = LIMITS;
    fill(send, shadowInFlightMax + 500);
    await turn();
    answerAll(shadow, 0);
    expect(shadow.legs).toHaveLength(shadowInFlightMax + shadowBurstMax);
    await turn();
    expect(shadow.legs).toHaveLength(shadowInFlightMax + 2 * shadowBurstMax);
    // However many come, as many leave.
    fill(send, 100);
    expect(shadow.legs).toHaveLength(shadowInFlightMax + 2 * shadowBurstMax + 100);
    while (shadow.legs.length < shadowInFlightMax + 600) {
      const before = shadow.legs.length;
      await turn();
      expect(shadow.legs.length - before).toBeLessThanOrEqual(shadowBurstMax);
      answerAll(shadow, before);
    }
    answerAll(shadow, 0);
    expect(mirror.outstanding).toBe(0);
  });
});

describe('a shadow that fails again and again', () => {
  const failAll = (shadow: HeldSide, outcome: Outcome): void => {
    for (const leg of shadow.legs) leg.fail(outcome);
  };

  it.each(['refused', 'reset', 'timeout', 'too-large'] as const)(
    'is left alone after: %s',
    (outcome) => {
      const { send, shadow, refusal, mirror } = setup();
      fill(send, 20);
      failAll(shadow, outcome);
      expect(refusal()).toBe('breaker-open');
      expect(refusal(0, true)).toBe('breaker-open');
      expect(mirror.state().openBreakers).toEqual(['candidate']);
      expect(mirror.refusal('legacy', 0, false)).toBeNull();
      expect(shadow.released).toEqual([false]);
    },
  );

  it.each(['answered', 'aborted'] as const)('is asked on after: %s', (outcome) => {
    const { send, shadow, refusal } = setup();
    fill(send, 120);
    failAll(shadow, outcome);
    expect(refusal()).toBeNull();
  });

  it('gets one probe when the time is over, and the rest when that is answered', () => {
    const { send, shadow, refusal, clock } = setup();
    fill(send, 20);
    failAll(shadow, 'refused');
    clock.advance(LIMITS.breakerOpenMinMs);
    expect(refusal()).toBeNull();
    send();
    expect(shadow.legs).toHaveLength(21);
    expect(refusal()).toBe('breaker-open');
    shadow.legs[20]!.fail('answered');
    expect(refusal()).toBeNull();
  });

  it('gets nothing of what still waits for a slot', () => {
    const { send, shadow, ended, mirror } = setup();
    fill(send, LIMITS.shadowInFlightMax + 300);
    for (const leg of shadow.legs.slice(0, LIMITS.shadowInFlightMax)) leg.fail('refused');
    // Each of the first nineteen failures made room for one more.
    expect(shadow.legs).toHaveLength(LIMITS.shadowInFlightMax + 19);
    expect(ended).toHaveLength(LIMITS.shadowInFlightMax + 300 - 19);
    expect(mirror.outstanding).toBe(19);
  });

  it('gets another probe when the first was cut by a pause', () => {
    const { send, shadow, refusal, clock, mirror } = setup();
    fill(send, 20);
    failAll(shadow, 'refused');
    clock.advance(LIMITS.breakerOpenMinMs);
    send();
    mirror.setPaused(true);
    mirror.setPaused(false);
    expect(refusal()).toBeNull();
  });
});

describe('room for copies', () => {
  it('is refused at random from half the queue on, and certainly at its end', () => {
    const { send, state, refusal } = setup();
    fill(send, LIMITS.shadowInFlightMax + LIMITS.shadowQueueMax * 0.75);
    state.draw = 0.49;
    expect(refusal()).toBe('shadow-queue-full');
    state.draw = 0.51;
    expect(refusal()).toBeNull();
    fill(send, LIMITS.shadowQueueMax * 0.25);
    expect(refusal()).toBe('shadow-queue-full');
  });

  it('is given to every route alike, though they come in step with the shadow', () => {
    const { send, shadow, state, refusal } = setup();
    const random = createRandom(3);
    const mirrored = [0, 0, 0];
    let oldest = 0;
    // Three come, one is answered: a queue that refuses when it is full favours one of three.
    for (let i = 0; i < 90_000; i += 1) {
      state.draw = random.next();
      if (refusal() === null) {
        mirrored[i % 3]! += i > 30_000 ? 1 : 0;
        send();
      }
      if (i % 3 === 2) shadow.legs[oldest++]?.fail('answered');
    }
    const mean = (mirrored[0]! + mirrored[1]! + mirrored[2]!) / 3;
    const chiSquare = mirrored.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
    expect(mean).toBeGreaterThan(6000);
    // Two degrees of freedom: one in a thousand lies above.
    expect(chiSquare).toBeLessThan(13.8);
  });

  it('is kept for writes until there is none', () => {
    const { send, state, refusal } = setup();
    state.draw = 0;
    fill(send, LIMITS.shadowInFlightMax + LIMITS.shadowQueueMax - 1);
    expect(refusal(0, true)).toBeNull();
    send();
    expect(refusal(0, true)).toBe('shadow-queue-full');
  });

  it('counts the bytes of requests and of both answers while they are held', () => {
    const { send, shadow, endLive, mirror, refusal } = setup();
    const passage = send({ bodyBytes: 1000 });
    shadow.legs[0]!.answers(300);
    endLive(passage, 500);
    expect(mirror.state().heldBytes).toBe(1800);
    expect(refusal(LIMITS.shadowBytesMax)).toBe('shadow-bytes-full');
    shadow.legs[0]!.fail('answered');
    expect(mirror.state().heldBytes).toBe(0);
  });

  it('holds an answer until the live one is there too', () => {
    const { send, shadow, endLive, mirror } = setup();
    const passage = send();
    shadow.legs[0]!.answers(300);
    shadow.legs[0]!.fail('answered');
    expect(mirror.state().heldBytes).toBe(300);
    endLive(passage, 300);
    expect(mirror.state().heldBytes).toBe(0);
  });

  it('cuts the answer for which there is none left', () => {
    const { send, shadow, mirror } = setup();
    const room = LIMITS.shadowBytesMax / LIMITS.shadowAheadMaxBytes / 4;
    fill(send, room + 1);
    for (const leg of shadow.legs) leg.answers(4 * LIMITS.shadowAheadMaxBytes);
    expect(shadow.legs.filter((leg) => leg.outcome === 'aborted')).toHaveLength(1);
    expect(mirror.outstanding).toBe(room);
  });

  it('is refused when the proxy is short of memory itself', () => {
    const { state, refusal } = setup();
    state.level = OVERLOAD.record;
    expect(refusal()).toBeNull();
    state.level = OVERLOAD.mirror;
    expect(refusal()).toBe('overload');
  });
});

describe('a long answer of a shadow', () => {
  const AHEAD = LIMITS.shadowAheadMaxBytes;

  it('is cut when it is far longer than a live answer that has ended', () => {
    const { send, shadow, endLive } = setup();
    endLive(send(), 1_000_000);
    shadow.legs[0]!.answers(1_000_000 + AHEAD);
    expect(shadow.legs[0]!.outcome).toBeNull();
    shadow.legs[0]!.answers(1);
    expect(shadow.legs[0]!.outcome).toBe('too-large');
  });

  it('is read whole when it is little longer, so that the difference is seen', () => {
    const { send, shadow, endLive } = setup();
    endLive(send(), 10);
    shadow.legs[0]!.answers(AHEAD);
    expect(shadow.legs[0]!.outcome).toBeNull();
  });

  it('is not read at all when it says so before', () => {
    const { send, shadow, endLive } = setup();
    const passage = send();
    shadow.legs[0]!.announces(10 * 1024 ** 3);
    expect(shadow.legs[0]!.outcome).toBeNull();
    endLive(passage, 1000);
    expect(shadow.legs[0]!.outcome).toBe('too-large');
    endLive(send(), 1000);
    shadow.legs[1]!.announces(10 * 1024 ** 3);
    expect(shadow.legs[1]!.outcome).toBe('too-large');
  });

  it('is read whole where both are long', () => {
    const { send, shadow, answerLive, endLive } = setup();
    const passage = send();
    answerLive(passage, 5, 50_000_000);
    shadow.legs[0]!.announces(50_000_000);
    shadow.legs[0]!.answers(50_000_000);
    expect(shadow.legs[0]!).toMatchObject({ isPaused: false, outcome: null });
    endLive(passage, 50_000_000);
    expect(shadow.legs[0]!.outcome).toBeNull();
  });

  it('waits for a live answer of unknown length, and goes on with it', () => {
    const { send, shadow, answerLive, endLive } = setup();
    const passage = send();
    answerLive(passage, 1000, null);
    shadow.legs[0]!.answers(AHEAD + 1001);
    expect(shadow.legs[0]!).toMatchObject({ isPaused: true, outcome: null });
    answerLive(passage, 1001, null);
    expect(shadow.legs[0]!.isPaused).toBe(false);
    endLive(passage, 1001);
    shadow.legs[0]!.answers(1);
    expect(shadow.legs[0]!.outcome).toBe('too-large');
  });

  it('that waits is let go on when the live one ends', () => {
    const { send, shadow, answerLive, endLive } = setup();
    const passage = send();
    answerLive(passage, 0, null);
    shadow.legs[0]!.answers(AHEAD + 1);
    expect(shadow.legs[0]!.isPaused).toBe(true);
    endLive(passage, AHEAD + 1);
    expect(shadow.legs[0]!).toMatchObject({ isPaused: false, outcome: null });
  });
});

describe('a copy on a kept connection that was closed just then', () => {
  it('is sent once more when it is a read, and never when it is a write', () => {
    const { send, shadow, ended } = setup();
    send();
    send({ keys: ['user-1'], isSafe: false });
    for (const leg of shadow.legs.slice()) {
      leg.isReused = true;
      leg.fail('reset');
    }
    expect(shadow.legs).toHaveLength(3);
    expect(ended).toHaveLength(1);
    shadow.legs[2]!.isReused = true;
    shadow.legs[2]!.fail('reset');
    expect(shadow.legs).toHaveLength(3);
    expect(ended).toHaveLength(2);
  });

  it('waits its turn where a shadow closed many, and is not over meanwhile', async () => {
    const { mirror, send, shadow, ended } = setup();
    const passages = Array.from({ length: 100 }, () => send());
    for (const leg of shadow.legs.slice()) {
      leg.isReused = true;
      leg.fail('reset');
    }
    expect(shadow.legs).toHaveLength(100 + LIMITS.shadowBurstMax);
    expect(passages.filter((each) => each.shadow === null)).toHaveLength(
      100 - LIMITS.shadowBurstMax,
    );
    while (shadow.legs.length < 200) {
      const before = shadow.legs.length;
      await turn();
      expect(shadow.legs.length - before).toBe(LIMITS.shadowBurstMax);
    }
    expect(ended).toEqual([]);
    expect(mirror.outstanding).toBe(100);
  });
});
