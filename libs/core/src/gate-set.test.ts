import { describe, expect, it } from 'vitest';
import { createGateSet, type GateSet, type GateSetConfig, type SetOutcome } from './gate-set.js';
import type { CallScopes } from './scoped-lanes.js';

const T0 = 1_700_000_000_000;
const ANSWERED: SetOutcome = { kind: 'answered' };
const SEARCH = { name: 'search', windows: [{ limit: 3, perMs: 60_000 }] };

function setOf(more: Partial<GateSetConfig> = {}): GateSet {
  const upstream: GateSetConfig['upstream'] = {
    windows: [{ limit: 100, perMs: 1_000 }],
    concurrency: 16,
    reserveShare: 0.2,
    backgroundFloor: 0.05,
    pause: { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true },
    spreadMs: 0,
    fence: 1,
  };
  return createGateSet({ upstream, buckets: [SEARCH], per: 'upstream', pauseScope: 'upstream', ...more }, () => 0);
}

function throttled(waitMs: number, scope?: SetOutcome['scope']): SetOutcome {
  return { kind: 'throttled', waitMs, resetAtMs: undefined, resolutionMs: 1, scope };
}

const plain = (set: GateSet, partition = 'shared'): CallScopes => set.scopesOf({ bucket: undefined, partition });
const search = (set: GateSet): CallScopes => set.scopesOf({ bucket: 'search', partition: 'shared' });

function throttle(set: GateSet, scopes: CallScopes, outcome: SetOutcome): string[] {
  return set.settle(set.start(scopes, 'now', T0), outcome, T0).map(({ scope }) => scope);
}

describe('the scopes of a call', () => {
  it('a bucket adds a scope to the upstream and never replaces it', () => {
    const set = setOf();
    expect(plain(set).ids).toEqual(['upstream']);
    expect(search(set).ids).toEqual(['upstream', 'bucket:search']);
  });

  it('a call pays all of its windows or none', () => {
    const set = setOf();
    for (let sent = 0; sent < 3; sent += 1) set.left(set.start(search(set), 'now', T0), T0);
    expect(set.admit(search(set), 'now', T0)).toMatchObject({ kind: 'wait', reason: 'tokens' });
    expect(set.admit(plain(set), 'now', T0)).toEqual({ kind: 'go', probe: false });
    // What was refused by the bucket has cost the upstream nothing.
    expect(set.upstream.tokens(T0)).toBe(97);
  });

  it('a credential has limits of its own only once the upstream has accepted it', () => {
    const set = setOf({ per: 'credential' });
    expect(plain(set, 'aaaa').ids).toEqual(['upstream']);
    set.accepted('aaaa');
    expect(plain(set, 'aaaa').ids).toEqual(['upstream', 'credential:aaaa']);
    expect(plain(set, 'bbbb').ids).toEqual(['upstream']);
  });

  it('of more than 1,000 credentials the longest unused has none any more', () => {
    const set = setOf({ per: 'credential' });
    for (let n = 0; n <= 1_000; n += 1) set.accepted(`c${n}`);
    expect(plain(set, 'c0').ids).toEqual(['upstream']);
    expect(plain(set, 'c1').ids).toEqual(['upstream', 'credential:c1']);
  });

  it('a scope without windows binds nobody before its first throttle', () => {
    const set = setOf({ per: 'credential', pauseScope: 'credential' });
    set.accepted('aaaa');
    const scopes = plain(set, 'aaaa');
    for (let sent = 0; sent < 10; sent += 1) {
      expect(set.admit(scopes, 'now', T0)).toEqual({ kind: 'go', probe: false });
      set.start(scopes, 'now', T0);
    }
  });
});

describe('the price of a call', () => {
  it('is paid in every window, and calls of another price wait apart', () => {
    const set = setOf();
    const dear = set.scopesOf({ bucket: undefined, partition: 'shared', cost: 40 });
    expect(dear.key).not.toBe(plain(set).key);
    for (let sent = 0; sent < 2; sent += 1) {
      expect(set.admit(dear, 'now', T0).kind).toBe('go');
      set.start(dear, 'now', T0);
    }
    expect(set.upstream.tokens(T0)).toBe(20);
    expect(set.admit(dear, 'now', T0)).toMatchObject({ kind: 'wait', reason: 'tokens' });
    expect(set.admit(plain(set), 'now', T0).kind).toBe('go');
  });
});

describe('what a throttle pauses', () => {
  it('by default the whole upstream, whichever bucket it met', () => {
    const set = setOf();
    expect(throttle(set, search(set), throttled(5_000))).toEqual(['upstream']);
    expect(set.pausedUntil(plain(set), T0)).toBe(T0 + 5_250);
    expect(set.pausedUntil(search(set), T0)).toBe(T0 + 5_250);
  });

  it('with scope bucket that bucket alone, and the calls of no bucket among themselves', () => {
    const set = setOf({ pauseScope: 'bucket' });
    expect(throttle(set, search(set), throttled(5_000))).toEqual(['bucket:search']);
    expect(set.admit(search(set), 'now', T0)).toMatchObject({ kind: 'wait', reason: 'paused' });
    expect(set.admit(plain(set), 'now', T0)).toMatchObject({ kind: 'go' });
    expect(throttle(set, plain(set), throttled(9_000))).toEqual(['bucket:default']);
    expect(set.pausedUntil(search(set), T0)).toBe(T0 + 5_250);
  });

  it('with scope credential that client alone', () => {
    const set = setOf({ per: 'credential', pauseScope: 'credential' });
    set.accepted('aaaa');
    set.accepted('bbbb');
    expect(throttle(set, plain(set, 'aaaa'), throttled(5_000))).toEqual(['credential:aaaa']);
    expect(set.admit(plain(set, 'aaaa'), 'now', T0)).toMatchObject({ reason: 'paused' });
    expect(set.admit(plain(set, 'bbbb'), 'now', T0)).toMatchObject({ kind: 'go' });
  });

  it("the vendor's word makes a pause wider and never narrower", () => {
    const wide = setOf({ pauseScope: 'bucket' });
    expect(throttle(wide, search(wide), throttled(5_000, 'upstream'))).toEqual(['upstream']);
    const narrow = setOf();
    expect(throttle(narrow, search(narrow), throttled(5_000, 'bucket'))).toEqual(['upstream']);
  });

  it('the scopes that it does not concern learn nothing from it', () => {
    const set = setOf({ pauseScope: 'bucket' });
    throttle(set, search(set), throttled(5_000));
    expect(set.upstream.state(T0)).toEqual({ kind: 'flowing' });
    expect(set.upstream.counters).toMatchObject({ throttles: 0, inFlight: 0 });
  });
});

describe('leaving a pause', () => {
  it('a bucket probes with exactly one call of its own while the rest flows', () => {
    const set = setOf({ pauseScope: 'bucket' });
    throttle(set, search(set), throttled(1_000));
    const nowMs = T0 + 61_000;
    expect(set.admit(search(set), 'later', nowMs)).toEqual({ kind: 'go', probe: true });
    const probe = set.start(search(set), 'later', nowMs);
    expect(set.admit(search(set), 'now', nowMs)).toMatchObject({ reason: 'probe-in-flight' });
    expect(set.admit(plain(set), 'later', nowMs)).toMatchObject({ kind: 'go', probe: false });
    expect(set.settle(probe, ANSWERED, nowMs + 20)).toEqual([{ scope: 'bucket:search', change: { kind: 'resumed' } }]);
  });

  it('by hand every scope goes to its probe', () => {
    const set = setOf({ pauseScope: 'bucket' });
    throttle(set, search(set), throttled(60_000));
    set.pause(T0 + 30_000, 'by hand', T0);
    expect(set.resume(T0 + 10).map(({ scope }) => scope)).toEqual(['upstream', 'bucket:search']);
    expect(set.worst(T0 + 10)).toMatchObject({ kind: 'probing' });
  });
});

describe('a record', () => {
  it('brings every pause to the next holder, those of credentials too', () => {
    const before = setOf({ per: 'credential', pauseScope: 'credential' });
    before.accepted('aaaa');
    throttle(before, plain(before, 'aaaa'), throttled(60_000));
    const record = JSON.parse(JSON.stringify(before.snapshot(T0 + 100))) as ReturnType<GateSet['snapshot']>;
    const after = setOf({ per: 'credential', pauseScope: 'credential' });
    after.restore(record, { clean: true }, T0 + 200);
    expect(after.pausedUntil(plain(after, 'aaaa'), T0 + 200)).toBe(T0 + 60_250);
    expect(after.pausedUntil(plain(after), T0 + 200)).toBeUndefined();
  });

  it('of another writer only ever raises a pause', () => {
    const [mine, other] = [setOf({ pauseScope: 'bucket' }), setOf({ pauseScope: 'bucket' })];
    throttle(other, search(other), throttled(30_000));
    expect(mine.merge(other.snapshot(T0), T0).map(({ scope }) => scope)).toEqual(['bucket:search']);
    expect(mine.merge(setOf({ pauseScope: 'bucket' }).snapshot(T0), T0)).toEqual([]);
    expect(mine.pausedUntil(search(mine), T0)).toBe(T0 + 30_250);
  });

  it('the worst scope is the state of all, with the longest end', () => {
    const set = setOf({ pauseScope: 'bucket' });
    throttle(set, search(set), throttled(5_000));
    throttle(set, plain(set), throttled(9_000));
    expect(set.worst(T0)).toMatchObject({ kind: 'paused', untilMs: T0 + 9_250 });
    expect(set.states(T0).map(({ scope, state }) => `${scope} ${state.kind}`)).toEqual([
      'upstream flowing',
      'bucket:search paused',
      'bucket:default paused',
    ]);
  });
});
