import { describe, expect, it } from 'vitest';
import { createBreaker, ThrottleBudget } from '#core';
import { UpstreamHealth } from './upstream-health.js';

const T0 = 1_700_000_000_000;
const call = (lane: 'now' | 'later', chance = 0): { lane: 'now' | 'later'; probe: boolean; chance: number } => ({
  lane,
  probe: false,
  chance,
});

function failing(times: number): UpstreamHealth {
  const health = new UpstreamHealth(createBreaker(), undefined);
  for (let n = 0; n < times; n += 1) {
    health.sent(T0);
    health.ended('ill', T0);
  }
  return health;
}

describe('the health of an upstream', () => {
  it('while it fails the background is put off and lane now goes', () => {
    const health = failing(20);
    expect(health.admit(call('later'), T0)).toMatchObject({ kind: 'wait' });
    expect(health.admit(call('now'), T0)).toEqual({ kind: 'go' });
  });

  it('when nothing has succeeded for 30 s lane now is told, with the time of the next trial', () => {
    const health = failing(20);
    health.sent(T0 + 30_000);
    health.ended('ill', T0 + 30_000);
    expect(health.admit(call('now'), T0 + 30_100)).toMatchObject({ kind: 'refuse', code: 'breaker_open' });
    expect(health.breakerState(T0 + 30_100).kind).toBe('open');
  });

  it('a throttle is a sign of life to the breaker', () => {
    const health = new UpstreamHealth(createBreaker(), undefined);
    for (let n = 0; n < 20; n += 1) {
      health.sent(T0);
      health.ended('throttled', T0);
    }
    expect(health.breakerState(T0)).toEqual({ kind: 'closed' });
  });

  it('the probe after a pause is not held back by the breaker', () => {
    expect(failing(20).admit({ ...call('later'), probe: true }, T0)).toEqual({ kind: 'go' });
  });

  it('at half of the throttle budget the background stops, near its end everything does', () => {
    const health = new UpstreamHealth(createBreaker(), new ThrottleBudget(100));
    for (let n = 0; n < 50; n += 1) health.ended('throttled', T0);
    expect(health.admit(call('later'), T0)).toMatchObject({ kind: 'wait' });
    expect(health.admit(call('now'), T0)).toEqual({ kind: 'go' });
    for (let n = 0; n < 40; n += 1) health.ended('throttled', T0);
    const refused = health.admit(call('now'), T0);
    expect(refused).toMatchObject({ kind: 'refuse', code: 'paused' });
    expect(refused.kind === 'refuse' && refused.resumeAtMs).toBeGreaterThan(T0 + 500_000);
  });
});
