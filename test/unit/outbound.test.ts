import { describe, expect, it } from 'vitest';
import type { RawHeaders } from '../../src/model/exchange.ts';
import type { KeySource, UpstreamSettings } from '../../src/model/settings.ts';
import { endToEnd } from '../../src/proxy/fields/headers.ts';
import { Outbound } from '../../src/proxy/fields/outbound.ts';
import type { Inbound } from '../../src/wire/inbound.ts';
import { testSettings } from '../support/proxy.ts';

const PEER = { address: '203.0.113.7', hop: '203.0.113.7', isTls: false };

/** Only what the fields are made of. */
const inbound = (headers: RawHeaders, method = 'GET'): Inbound =>
  ({ head: { method, headers }, peer: PEER }) as unknown as Inbound;

interface Changes {
  readonly candidate?: Partial<UpstreamSettings>;
  readonly cookies?: 'shared' | 'separate';
  readonly trustedHops?: readonly string[];
  readonly key?: readonly KeySource[];
}

function outbound({ candidate = {}, trustedHops = [], ...changes }: Changes = {}) {
  const settings = testSettings('http://old.test:1', 'http://new.test:2/v2', changes);
  return new Outbound(
    {
      ...settings,
      candidate: { ...settings.candidate, ...candidate },
      port: { ...settings.port, trustedHops },
    },
    'crossfade-test',
  );
}

function sent(headers: RawHeaders, role: 'live' | 'shadow', changes: Changes = {}): RawHeaders {
  const writer = outbound(changes);
  const common = writer.common(inbound(headers), endToEnd(headers));
  return writer.ofLeg(common, 'candidate', role);
}

const valuesOf = (fields: RawHeaders, name: string): string[] =>
  fields.filter((_text, i) => i % 2 === 1 && fields[i - 1]!.toLowerCase() === name);

describe('the fields of a request', () => {
  it('pass in order and case, with Via and X-Forwarded-* behind them', () => {
    expect(sent(['Host', 'shop.test', 'X-A', '1', 'x-b', '2', 'X-A', '3'], 'live')).toEqual(
      [
        ['Host', 'shop.test', 'X-A', '1', 'x-b', '2', 'X-A', '3'],
        ['X-Forwarded-For', '203.0.113.7', 'X-Forwarded-Proto', 'http'],
        ['X-Forwarded-Host', 'shop.test', 'Via', '1.1 crossfade-test'],
      ].flat(),
    );
  });

  it('tell nothing that a stranger says of where it comes from', () => {
    const fields = sent(['Host', 'a', 'X-Forwarded-For', '10.0.0.1', 'Forwarded', 'for=x'], 'live');
    expect(valuesOf(fields, 'x-forwarded-for')).toEqual(['203.0.113.7']);
    expect(valuesOf(fields, 'forwarded')).toEqual([]);
  });

  it.each(
    [
      'X-Forwarded-User x-forwarded-ssl X-Forwarded-Prefix X-Forwarded-Scheme',
      'X-Forwarded-Server X-Forwarded-Client-Cert X-Forwarded X-Real-IP X-Client-IP',
      'True-Client-IP CF-Connecting-IP x-original-forwarded-for X_Forwarded_For',
      'x_forwarded-proto X_Real_IP Crossfade_Role',
    ].flatMap((names) => names.split(' ')),
  )('tell nothing that a stranger says in %s', (name) => {
    const came = ['Host', 'a', name, 'evil', 'x-forward', 'kept'];
    const fields = sent(came, 'live');
    expect(fields).not.toContain('evil');
    expect(valuesOf(fields, 'x-forward')).toEqual(['kept']);
    const isDisguised = name.includes('_');
    const trusted = sent(came, 'live', { trustedHops: ['203.0.113.7'] });
    expect(trusted.includes('evil')).toBe(!isDisguised);
  });

  it('believe a hop only of the client that it is, or that is a hop itself', () => {
    const came = ['Host', 'a', 'X-Forwarded-For', '192.0.2.1'];
    const told = (address: string, hop: string): string[] => {
      const writer = outbound({ trustedHops: ['10.0.0.0/8'] });
      const from = { head: { method: 'GET' }, peer: { address, hop, isTls: false } };
      return valuesOf(writer.common(from as Inbound, came), 'x-forwarded-for');
    };
    expect(told('10.0.0.1', '203.0.113.7')).toEqual(['10.0.0.1']);
    expect(told('203.0.113.7', '10.0.0.1')).toEqual(['203.0.113.7']);
    expect(told('10.0.0.2', '10.0.0.1')).toEqual(['192.0.2.1, 10.0.0.2']);
  });

  it('keep what a trusted hop says, and name the hop behind it', () => {
    const came = ['Host', 'a', 'X-Forwarded-For', '198.51.100.1', 'X-Forwarded-Proto', 'https'];
    const fields = sent(came, 'live', { trustedHops: ['203.0.113.0/24'] });
    expect(valuesOf(fields, 'x-forwarded-for')).toEqual(['198.51.100.1, 203.0.113.7']);
    expect(valuesOf(fields, 'x-forwarded-proto')).toEqual(['https']);
  });

  it('never carry a mark that a client has set; the shadow alone gets ours', () => {
    const came = ['Host', 'a', 'Crossfade-Role', 'shadow', 'crossfade-side', 'candidate'];
    expect(valuesOf(sent(came, 'live'), 'crossfade-role')).toEqual([]);
    expect(valuesOf(sent(came, 'live'), 'crossfade-side')).toEqual([]);
    expect(valuesOf(sent(came, 'shadow'), 'crossfade-role')).toEqual(['shadow']);
  });

  it('name the host of the side where the configuration says so', () => {
    const fields = sent(['Host', 'shop.test'], 'live', { candidate: { host: 'rewrite' } });
    expect(valuesOf(fields, 'host')).toEqual(['new.test:2']);
  });

  it('are set and left out for one side as configured', () => {
    const candidate = { setHeaders: ['X-Env', 'new'], removeHeaders: ['x-debug'] };
    const fields = sent(['Host', 'a', 'x-env', 'old', 'X-Debug', '1'], 'live', { candidate });
    expect(valuesOf(fields, 'x-env')).toEqual(['new']);
    expect(valuesOf(fields, 'x-debug')).toEqual([]);
  });

  it('keep credentials from a shadow that is not trusted, but for its own', () => {
    const candidate = { isTrusted: false, setHeaders: ['Authorization', 'Bearer own'] };
    const came = ['Host', 'a', 'Authorization', 'Bearer theirs', 'Cookie', 'sid=1'];
    const fields = sent([...came, 'X-Api-Key', 'k'], 'shadow', { candidate });
    expect(valuesOf(fields, 'authorization')).toEqual(['Bearer own']);
    expect(valuesOf(fields, 'cookie')).toEqual([]);
    expect(valuesOf(fields, 'x-api-key')).toEqual([]);
  });

  describe('of an untrusted shadow', () => {
    const untrusted = { isTrusted: false };

    it.each(
      [
        'api-key apikey X-Access-Token x-xsrf-token x-session-id private-token',
        'x-amzn-oidc-data cf-access-jwt-assertion x_api_key X-Signature x-password',
        'x-forwarded-access-token X-Forwarded-Client-Cert',
      ].flatMap((names) => names.split(' ')),
    )('have no %s of a client', (name) => {
      const changes = { trustedHops: ['203.0.113.7'] };
      const came = ['Host', 'a', name, 'secret'];
      const lower = name.toLowerCase();
      const shadow = sent(came, 'shadow', { ...changes, candidate: untrusted });
      expect(valuesOf(shadow, lower)).toEqual([]);
      expect(valuesOf(sent(came, 'shadow', changes), lower)).toEqual(['secret']);
      expect(valuesOf(sent(came, 'live', { ...changes, candidate: untrusted }), lower)).toEqual([
        'secret',
      ]);
    });

    it('have neither the token that tells the key nor what the configuration strips', () => {
      const source = { from: 'jwt', in: 'header', name: 'X-Who', claim: '/sub' } as const;
      const changes = { candidate: { ...untrusted, stripHeaders: ['x-pin'] }, key: [source] };
      const fields = sent(
        ['Host', 'a', 'x-who', 'eyJ', 'X-Pin', '1', 'x-a', '2'],
        'shadow',
        changes,
      );
      expect(valuesOf(fields, 'x-who')).toEqual([]);
      expect(valuesOf(fields, 'x-pin')).toEqual([]);
      expect(valuesOf(fields, 'x-a')).toEqual(['2']);
    });

    it.each([
      ['/x?api_key=1&a=%20b&access_token=2&a=3', '/x?a=%20b&a=3'],
      ['/x?accessToken=1', '/x'],
      ['/x?%74oken=1&user%5bpassword%5d=2&b', '/x?b'],
      ['/x?a=1;sessionid=2&c', '/x?c'],
      ['/x?PIN=1', '/x'],
      ['/token/secret?a=token', '/token/secret?a=token'],
      ['*', '*'],
    ])('are asked for %s without its credentials, as is its Referer', (target, left) => {
      const changes = { candidate: { ...untrusted, stripQuery: ['pin'] } };
      const writer = outbound(changes);
      expect(writer.targetOf(target, 'candidate', 'shadow')).toBe(left);
      expect(writer.targetOf(target, 'candidate', 'live')).toBe(target);
      expect(writer.targetOf(target, 'legacy', 'shadow')).toBe(target);
      const fields = sent(['Host', 'a', 'Referer', `http://a${target}`], 'shadow', changes);
      expect(valuesOf(fields, 'referer')).toEqual([`http://a${left}`]);
    });
  });

  it('derive the idempotency key of the shadow, always the same and never the live one', () => {
    const came = ['Host', 'a', 'Idempotency-Key', 'order-17'];
    const [first] = valuesOf(sent(came, 'shadow'), 'idempotency-key');
    expect(valuesOf(sent(came, 'live'), 'idempotency-key')).toEqual(['order-17']);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(valuesOf(sent(came, 'shadow'), 'idempotency-key')).toEqual([first]);
  });

  it('count Max-Forwards down for OPTIONS alone', () => {
    const writer = outbound();
    const came = ['Host', 'a', 'Max-Forwards', '3'];
    const options = writer.common(inbound(came, 'OPTIONS'), came);
    expect(valuesOf(options, 'max-forwards')).toEqual(['2']);
    expect(valuesOf(writer.common(inbound(came), came), 'max-forwards')).toEqual(['3']);
  });
});

describe('the trace of a request', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const span = '00f067aa0ba902b7';
  const came = [
    ['Host', 'a', 'traceparent', `00-${trace}-${span}-01`],
    ['tracestate', 'vendor=1', 'baggage', 'user=1'],
    ['b3', `${trace}-${span}-1`, 'X-B3-TraceId', trace, 'X-B3-SpanId', span],
  ].flat();

  it('reaches the live side unchanged', () => {
    const fields = sent(came, 'live');
    expect(fields.slice(0, came.length)).toEqual(came);
  });

  it('goes on in the shadow with the same trace, a span of its own and a mark', () => {
    const fields = sent(came, 'shadow');
    const [parent] = valuesOf(fields, 'traceparent');
    const own = parent!.split('-')[2]!;
    expect(parent).toBe(`00-${trace}-${own}-01`);
    expect(own).not.toBe(span);
    expect(valuesOf(fields, 'tracestate')).toEqual(['crossfade=shadow,vendor=1']);
    expect(valuesOf(fields, 'baggage')).toEqual(['user=1']);
    expect(valuesOf(fields, 'b3')).toEqual([`${trace}-${own}-1-${span}`]);
    expect(valuesOf(fields, 'x-b3-traceid')).toEqual([trace]);
    expect(valuesOf(fields, 'x-b3-spanid')).toEqual([own]);
  });

  it('is marked though it came without a state of its own', () => {
    const fields = sent(['Host', 'a', 'traceparent', `00-${trace}-${span}-01`], 'shadow');
    expect(valuesOf(fields, 'tracestate')).toEqual(['crossfade=shadow']);
  });
});

describe('cookies that the sides do not share', () => {
  const separate: Changes = { cookies: 'separate' };

  it('go to the side that set them alone', () => {
    const came = ['Host', 'a', 'Cookie', 'sid=old; xf-c.sid=new; __Host-xf-c.t=2; __Host-t=1'];
    expect(valuesOf(sent(came, 'live', separate), 'cookie')).toEqual(['sid=new; __Host-t=2']);
    const writer = outbound(separate);
    const legacy = writer.ofLeg(writer.common(inbound(came), came), 'legacy', 'live');
    expect(valuesOf(legacy, 'cookie')).toEqual(['sid=old; __Host-t=1']);
  });

  it.each([
    ['justvalue', 'xf-c.=justvalue', 'justvalue'],
    ['=v; Path=/', 'xf-c.=v; Path=/', 'v'],
    ['v; Path=/; Max-Age=1', 'xf-c.=v; Path=/; Max-Age=1', 'v'],
    ['__Host-v', 'xf-c.=__Host-v', '__Host-v'],
    ['sid=a=b', 'xf-c.sid=a=b', 'sid=a=b'],
  ])('have a name of their own though %s has none, or more than one =', (set, kept, sentBack) => {
    const writer = outbound(separate);
    expect(valuesOf(writer.toClient('candidate', ['Set-Cookie', set]), 'set-cookie')).toEqual([
      kept,
    ]);
    const came = ['Host', 'a', 'Cookie', `theirs=1; ${kept.split(';')[0]!}`];
    expect(valuesOf(sent(came, 'live', separate), 'cookie')).toEqual([sentBack]);
    const legacy = writer.ofLeg(writer.common(inbound(came), came), 'legacy', 'live');
    expect(valuesOf(legacy, 'cookie')).toEqual(['theirs=1']);
  });

  it('are so too where the protocol is switched, with nothing else of the hop', () => {
    const answer = [
      ['Connection', 'Upgrade, X-Hop', 'Upgrade', 'websocket', 'X-Hop', '1', 'Keep-Alive', 'a'],
      ['Set-Cookie', 'sid=1', 'Crossfade-Role', 'shadow', 'Sec-WebSocket-Accept', 'x'],
    ].flat();
    expect(outbound(separate).switched('candidate', answer)).toEqual(
      [
        ['Set-Cookie', 'xf-c.sid=1', 'Sec-WebSocket-Accept', 'x'],
        ['Connection', 'Upgrade', 'Upgrade', 'websocket'],
      ].flat(),
    );
  });

  it('are set under names of their own, so that those of legacy survive a rollback', () => {
    const answer = ['Set-Cookie', 'sid=1; Path=/', 'Set-Cookie', '__Secure-t=2; Secure'];
    const writer = outbound(separate);
    expect(valuesOf(writer.toClient('candidate', answer), 'set-cookie')).toEqual([
      'xf-c.sid=1; Path=/',
      '__Secure-xf-c.t=2; Secure',
    ]);
    expect(writer.toClient('legacy', answer)).toEqual(answer);
    expect(outbound().toClient('candidate', answer)).toEqual(answer);
  });
});
