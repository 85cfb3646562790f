import { afterEach, describe, expect, it } from 'vitest';
import { openRig, RIG_STARTED_AT, type Rig } from './test-rig.js';

let rig: Rig;
afterEach(() => rig.close());

async function statuses(count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push(await rig.status('/items/1'));
  return seen;
}

/** With `none` nothing but the window decides: no announced time is kept up after it. */
const only = (window: object): object => ({ dialect: 'none', limits: { windows: [window] } });

describe('windows', () => {
  it('a fixed window is whole again at the next multiple of its span', async () => {
    rig = await openRig(only({ limit: 2, perMs: 1000, kind: 'fixed' }));
    rig.pass(900);
    expect(await statuses(3)).toEqual([200, 200, 429]);
    rig.pass(100);
    expect(await statuses(3)).toEqual([200, 200, 429]);
  });

  it('a sliding window lets one in for each that is a span old', async () => {
    rig = await openRig(only({ limit: 2, perMs: 1000, kind: 'sliding' }));
    expect(await statuses(1)).toEqual([200]);
    rig.pass(900);
    expect(await statuses(2)).toEqual([200, 429]);
    rig.pass(100);
    expect(await statuses(2)).toEqual([200, 429]);
    rig.pass(900);
    expect(await statuses(2)).toEqual([200, 429]);
  });

  it('a bucket gives its burst at once and then drips', async () => {
    rig = await openRig(only({ limit: 10, perMs: 1000, kind: 'bucket', burst: 3 }));
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    rig.pass(100);
    expect(await statuses(2)).toEqual([200, 429]);
    rig.pass(60_000);
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
  });

  it('of several windows the tightest decides, and a refused call spends none of them', async () => {
    const windows = [
      { limit: 1, perMs: 1000, kind: 'fixed' },
      { limit: 3, perMs: 10_000, kind: 'fixed' },
    ];
    rig = await openRig({ dialect: 'none', limits: { windows } });
    expect(await statuses(3)).toEqual([200, 429, 429]);
    rig.pass(1000);
    expect(await statuses(2)).toEqual([200, 429]);
    rig.pass(1000);
    expect(await statuses(1)).toEqual([200]);
    rig.pass(1000);
    expect(await statuses(1)).toEqual([429]);
  });

  it('where refused calls count, hammering keeps the window full', async () => {
    rig = await openRig({ dialect: 'none', limits: { countRefused: true, windows: [{ limit: 1, perMs: 1000 }] } });
    expect(await statuses(1)).toEqual([200]);
    rig.pass(600);
    expect(await statuses(1)).toEqual([429]);
    rig.pass(600);
    expect(await statuses(1)).toEqual([429]);
  });
});

describe('dialects', () => {
  const full = (dialect: string): object => ({
    dialect,
    limits: { windows: [{ limit: 1, perMs: 2500, kind: 'fixed' }] },
  });

  async function throttled(dialect: string): Promise<Response> {
    rig = await openRig(full(dialect));
    rig.pass(100);
    await rig.status('/items/1');
    return rig.call('/items/1');
  }

  it('seconds are rounded up, and count down to the end', async () => {
    const first = await throttled('seconds');
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '3']);
    rig.pass(1100);
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('2');
    rig.pass(1900);
    expect(await rig.status('/items/1')).toBe(200);
  });

  it('float is seconds with a fraction', async () => {
    expect((await throttled('float')).headers.get('retry-after')).toBe('2.4');
  });

  it('date is an HTTP-date, rounded up to the second, on the clock of the Date field', async () => {
    const answer = await throttled('date');
    expect(answer.headers.get('retry-after')).toBe(new Date(RIG_STARTED_AT + 3000).toUTCString());
    expect(answer.headers.get('date')).toBe(new Date(RIG_STARTED_AT).toUTCString());
  });

  it('dates follow a clock that is wrong', async () => {
    rig = await openRig({ ...full('date'), clockSkewMs: 600_000 });
    await rig.status('/items/1');
    const { headers } = await rig.call('/items/1');
    expect(Date.parse(headers.get('retry-after') ?? '') - Date.parse(headers.get('date') ?? '')).toBe(3000);
    expect(headers.get('date')).toBe(new Date(RIG_STARTED_AT + 600_000).toUTCString());
  });

  it('github is a 403 with nothing remaining and the reset in epoch seconds', async () => {
    const answer = await throttled('github');
    const { headers } = answer;
    const told = [
      answer.status,
      headers.get('x-ratelimit-remaining'),
      headers.get('x-ratelimit-reset'),
      headers.get('retry-after'),
    ];
    expect(told).toEqual([403, '0', String(RIG_STARTED_AT / 1000 + 3), null]);
  });

  it('none is a bare 429', async () => {
    const answer = await throttled('none');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, null]);
  });
});

describe('announced quota', () => {
  const windows = [
    { limit: 100, perMs: 60_000, kind: 'fixed' },
    { limit: 3, perMs: 5000, kind: 'fixed' },
  ];

  it('RateLimit fields tell the tightest window', async () => {
    rig = await openRig({ announce: 'ratelimit', limits: { windows } });
    const { headers } = await rig.call('/items/1');
    expect([headers.get('ratelimit-policy'), headers.get('ratelimit')]).toEqual(['"fixed";q=3;w=5', '"fixed";r=2;t=5']);
  });

  it('X-RateLimit fields tell the reset in epoch seconds', async () => {
    rig = await openRig({ announce: 'x-ratelimit', limits: { windows } });
    const { headers } = await rig.call('/items/1');
    const told = ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`));
    expect(told).toEqual(['3', '2', String(RIG_STARTED_AT / 1000 + 5)]);
  });
});

describe('throttles of its own accord', () => {
  it('the schedule throttles the first arrival after its time, and every one until the announced end', async () => {
    rig = await openRig({ spontaneous: [{ afterMs: 1000, retryAfterMs: 2000, form: 'seconds' }] });
    expect(await statuses(1)).toEqual([200]);
    rig.pass(1500);
    expect(await statuses(2)).toEqual([429, 429]);
    rig.pass(1999);
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('1');
    rig.pass(1);
    expect(await statuses(2)).toEqual([200, 200]);
  });

  it('a control call throttles the next arrival, in the form it asks for', async () => {
    rig = await openRig();
    await rig.control('throttle', { retryAfterMs: 5000, form: 'date' });
    const { status, headers } = await rig.call('/items/1');
    expect([status, headers.get('retry-after')]).toEqual([429, new Date(RIG_STARTED_AT + 5000).toUTCString()]);
  });

  it('a shorter throttle does not shorten a longer one', async () => {
    rig = await openRig();
    await rig.control('throttle', { retryAfterMs: 10_000 });
    await rig.status('/items/1');
    await rig.control('throttle', { retryAfterMs: 1000 });
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('10');
  });

  it('a ban begins anew with every arrival while throttled, but not with the first throttle', async () => {
    rig = await openRig({ ban: { forMs: 60_000, on: 'arrival' } });
    await rig.control('throttle', { retryAfterMs: 2000, form: 'seconds' });
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('2');
    rig.pass(1000);
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('60');
    rig.pass(30_000);
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('60');
  });

  it('a ban on throttle lengthens the throttle itself', async () => {
    rig = await openRig({ ban: { forMs: 60_000, on: 'throttle' }, limits: { windows: [{ limit: 1, perMs: 1000 }] } });
    await rig.status('/items/1');
    expect((await rig.call('/items/1')).headers.get('retry-after')).toBe('60');
  });

  it('limits can be changed while it runs', async () => {
    rig = await openRig({ dialect: 'none' });
    expect(await statuses(2)).toEqual([200, 200]);
    await rig.control('profile', { limits: { windows: [{ limit: 1, perMs: 1000 }] } });
    expect(await statuses(2)).toEqual([200, 429]);
  });
});
