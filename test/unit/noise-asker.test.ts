import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Side } from '../../src/model/exchange.ts';
import type { LiveWrite } from '../../src/model/race.ts';
import type { AnalystItem } from '../../src/proxy/analyst/analyst-messages.ts';
import type { Outbound } from '../../src/proxy/fields/outbound.ts';
import { KeyOrder } from '../../src/proxy/mirror/key-order.ts';
import { OVERLOAD, type OverloadLevel } from '../../src/proxy/overload.ts';
import type { Passage } from '../../src/proxy/passage.ts';
import { createNoiseAsker } from '../../src/proxy/referee/noise-asker.ts';
import { AskedSide } from '../support/asked-side.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';

const WRITE: LiveWrite = { route: 'POST /k', method: 'POST', atMs: 7 };
const OUTBOUND = {} as Outbound;

interface Read {
  readonly keys?: readonly string[];
  readonly isSafe?: boolean;
  readonly overlap?: LiveWrite | null;
  readonly shadowSide?: Side;
}

function setup(ratio = 1) {
  const clock = createSimulatedClock();
  const twin = new AskedSide(() => clock.nowUs());
  const order = new KeyOrder();
  const state = { draw: 0, level: OVERLOAD.none as OverloadLevel, isOpen: false, hasRoom: true };
  const offered: AnalystItem[] = [];
  const noise = createNoiseAsker({
    source: { upstream: twin, outbound: OUTBOUND },
    ratio,
    order,
    missed: { hasOpen: () => state.isOpen },
    analyst: {
      offer: (item) => {
        if (state.hasRoom) offered.push(item);
        return state.hasRoom;
      },
    },
    clock,
    overload: () => state.level,
    shadowTimeoutMs: 1000,
    random: () => state.draw,
  });
  /** What went out, in order. */
  const sent: string[] = [];
  const send = (read: Read = {}): Passage => {
    const { keys = ['k'], isSafe = true, overlap = null, shadowSide = 'candidate' } = read;
    const leg = { isAnswered: true, isCaptureWhole: true, status: 200 };
    const passage = {
      identity: { keys, isSafe, route: { name: 'GET /k' } },
      plan: { shadowSide, liveSide: shadowSide === 'legacy' ? 'candidate' : 'legacy' },
      inbound: { head: { method: 'GET', target: '/k' } },
      overlap,
      isRaced: overlap !== null,
      isCounted: false,
      arrivedAtMs: 3,
      legOf: () => leg,
      exchangeOf: (side: Side) => ({ side, answer: null }),
      requestFor: (side: Side, role: string, outbound: Outbound) => {
        sent.push('second');
        return { side, role, isOwn: outbound === OUTBOUND };
      },
    } as unknown as Passage;
    const turn = noise.draw(passage);
    if (turn === 'before') noise.ask(passage);
    sent.push('copy');
    if (turn === 'after') noise.ask(passage);
    return passage;
  };
  return { clock, twin, order, state, offered, noise, sent, send };
}

describe('a read that is drawn', () => {
  it("is asked of the source as a shadow, by the source's own rules", () => {
    const { send, twin, sent } = setup();
    send();
    expect(twin.last.request).toEqual({ side: 'legacy', role: 'shadow', isOwn: true });
    expect(sent).toEqual(['copy', 'second']);
  });

  it('is learned from when its pair and the second answer are both there', () => {
    const { send, twin, noise, offered, order } = setup();
    const [early, late] = [send(), send()];
    twin.legs[0]!.answers('same');
    expect(offered).toEqual([]);
    noise.settled(early);
    noise.settled(late);
    twin.legs[1]!.answers('same');
    expect(offered).toHaveLength(2);
    expect(offered[0]).toMatchObject({ compare: false, record: false, isNoise: true });
    expect(offered[0]!.pair).toMatchObject({
      legacy: { side: 'legacy' },
      candidate: { side: 'legacy', role: 'shadow' },
    });
    expect(noise.counts()).toEqual({ asked: 2, learned: 2, unused: {} });
    expect(noise.outstanding).toBe(0);
    expect(order.size).toBe(0);
  });

  it('goes before or behind the copy by chance, where legacy is the shadow', () => {
    const { send, sent, state } = setup();
    state.draw = 0.4;
    send({ shadowSide: 'legacy' });
    state.draw = 0.6;
    send({ shadowSide: 'legacy' });
    state.draw = 0.4;
    send();
    expect(sent).toEqual(['second', 'copy', 'copy', 'second', 'copy', 'second']);
  });

  it('says nothing when a write came in between', () => {
    const { send, twin, noise, order, offered } = setup();
    const passage = send();
    order.liveBegins(['k'], 'legacy', WRITE);
    noise.settled(passage);
    twin.last.answers('new');
    expect(offered).toEqual([]);
    expect(noise.counts()).toEqual({ asked: 1, learned: 0, unused: { overlapped: 1 } });
  });

  it.each([
    ['failed', (twin: AskedSide) => twin.last.fail('timeout')],
    ['failed', (twin: AskedSide) => twin.last.answers('not now', 503)],
    ['failed', (twin: AskedSide) => twin.last.announces(LIMITS.captureMaxBytes + 1)],
  ] as const)('says nothing when the second answer %s', (reason, end) => {
    const { send, twin, noise, offered } = setup();
    const passage = send();
    noise.settled(passage);
    end(twin);
    expect(offered).toEqual([]);
    expect(noise.counts().unused).toEqual({ [reason]: 1 });
  });

  it('is dropped where the analyst has no room', () => {
    const { send, twin, noise, state } = setup();
    state.hasRoom = false;
    noise.settled(send());
    twin.last.answers('same');
    expect(noise.counts()).toEqual({ asked: 1, learned: 0, unused: { 'no-room': 1 } });
  });
});

describe('nothing is asked', () => {
  it.each([
    ['of a write', { isSafe: false }, {}],
    ['of a read that a write overlaps', { overlap: WRITE }, {}],
    ['while writes of its key wait to reach the shadow', {}, { isOpen: true }],
    ['when the proxy is short of memory', {}, { level: OVERLOAD.compare }],
  ] as const)('%s', (_what, read, over) => {
    const { send, state, sent } = setup();
    Object.assign(state, over);
    send(read);
    expect(sent).toEqual(['copy']);
  });

  it('beyond the share that is configured', () => {
    const { send, sent, state } = setup(0.1);
    state.draw = 0.1;
    send();
    expect(sent).toEqual(['copy']);
    state.draw = 0.09;
    send();
    expect(sent).toEqual(['copy', 'copy', 'second']);
  });

  it('while a live write of its key is under way', () => {
    const { send, order, sent } = setup();
    order.liveBegins(['k'], 'legacy', WRITE);
    send();
    expect(sent).toEqual(['copy']);
  });

  it('beyond so many at once', () => {
    const { send, twin } = setup();
    for (let i = 0; i <= LIMITS.noiseInFlightMax; i += 1) send({ keys: [`k${i}`] });
    expect(twin.legs).toHaveLength(LIMITS.noiseInFlightMax);
  });

  it('of a source that fails again and again, but for a probe', () => {
    const { send, twin, noise, clock } = setup();
    for (let i = 0; i < LIMITS.breakerFailuresMax; i += 1) {
      noise.settled(send());
      twin.last.fail('refused');
    }
    send();
    expect(twin.legs).toHaveLength(LIMITS.breakerFailuresMax);
    clock.advance(LIMITS.breakerOpenMinMs);
    send();
    send();
    expect(twin.legs).toHaveLength(LIMITS.breakerFailuresMax + 1);
  });

  it('after the kill switch, which ends what is under way', () => {
    const { send, twin, noise } = setup();
    noise.settled(send());
    noise.setPaused(true);
    expect(twin.last.outcome).toBe('aborted');
    expect(twin.released).toEqual([true]);
    expect(noise.outstanding).toBe(0);
    send();
    expect(twin.legs).toHaveLength(1);
    noise.setPaused(false);
    send();
    expect(twin.legs).toHaveLength(2);
  });
});
