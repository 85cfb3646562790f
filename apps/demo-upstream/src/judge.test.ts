import { afterEach, describe, expect, it } from 'vitest';
import type { Score } from './score.js';
import { openRig, type Rig } from './test-rig.js';

let rig: Rig;
afterEach(() => rig.close());

const score = (): Promise<Score> => rig.control<Score>('score');

/** Throttles one call now: a pause of so long begins. */
async function throttleOne(retryAfterMs: number, form = 'seconds'): Promise<void> {
  await rig.control('throttle', { retryAfterMs, form });
  await rig.status('/items/1');
}

async function kinds(): Promise<string[]> {
  const { arrivals } = await rig.control<{ arrivals: { kind: string }[] }>('arrivals');
  return arrivals.map(({ kind }) => kind);
}

describe('arrivals around an announced pause', () => {
  it('are stragglers, at most as many as were in flight, then violations, then the probe', async () => {
    rig = await openRig();
    await throttleOne(2000);
    rig.pass(50);
    await rig.status('/items/1');
    await rig.status('/items/1');
    rig.pass(2949);
    await rig.status('/items/1');
    await rig.status('/items/1');
    expect(await kinds()).toEqual(['ordinary', 'straggler', 'violation', 'probe', 'ordinary']);
  });

  it('later than 100 ms after the flush nobody is a straggler', async () => {
    rig = await openRig();
    await throttleOne(2000);
    rig.pass(101);
    await rig.status('/items/1');
    expect(await kinds()).toEqual(['ordinary', 'violation']);
  });

  it('as many stragglers are allowed as calls were in flight at the flush', async () => {
    rig = await openRig();
    await rig.control('fault', { fault: 'silent', times: 2 });
    const gone = new AbortController();
    const held = [1, 2].map((id) => rig.call(`/items/${id}`, { signal: gone.signal }).catch(() => undefined));
    await expect.poll(() => rig.demo.judge.inFlight).toBe(2);
    await throttleOne(2000);
    for (let i = 0; i < 4; i++) await rig.status('/items/1');
    expect((await kinds()).slice(3)).toEqual(['straggler', 'straggler', 'straggler', 'violation']);
    gone.abort();
    await Promise.all(held);
  });

  it('a later throttle extends the announced end and never shortens it', async () => {
    rig = await openRig();
    await throttleOne(5000);
    rig.pass(50);
    await rig.status('/items/1');
    rig.pass(4960);
    await rig.status('/items/1');
    const { violations, probes, pauses } = await score();
    expect([violations, probes, pauses[0]?.throttles]).toEqual([1, 0, 2]);
    expect(pauses[0]?.endsMs).toBe(5050);
  });

  it('a date binds until its instant', async () => {
    rig = await openRig();
    rig.pass(300);
    await throttleOne(2000, 'date');
    rig.pass(2699);
    await rig.status('/items/1');
    expect((await score()).pauses[0]?.endsMs).toBe(3000);
    expect(await kinds()).toEqual(['ordinary', 'violation']);
    rig.pass(1);
    expect([await rig.status('/items/1'), (await kinds()).at(-1)]).toEqual([200, 'probe']);
  });

  it('a throttle that announces nothing binds nobody', async () => {
    rig = await openRig({ dialect: 'none', limits: { windows: [{ limit: 1, perMs: 1000 }] } });
    for (let i = 0; i < 4; i++) await rig.status('/items/1');
    const { throttles, violations, pauses } = await score();
    expect([throttles, violations, pauses.length]).toEqual([3, 0, 0]);
  });

  it('a reset forgets the past but not an end that still lies ahead', async () => {
    rig = await openRig();
    await throttleOne(5000);
    rig.pass(1000);
    await rig.control('reset', {});
    await rig.status('/items/1');
    const { arrivals, throttles, violations, pauses } = await score();
    expect([arrivals, throttles, violations, pauses.length]).toEqual([1, 1, 1, 1]);
  });
});

describe('score', () => {
  it('the mean leaves out pauses, the ten seconds after each, and the running second', async () => {
    rig = await openRig();
    const callsInOneSecond = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await rig.status('/items/1');
      rig.pass(1000);
    };
    await callsInOneSecond(4);
    await callsInOneSecond(6);
    await throttleOne(2000);
    rig.pass(13_000);
    await callsInOneSecond(5);
    await callsInOneSecond(50);
    const { acceptedOutsidePausesPerSecond, secondsOutsidePauses, accepted, arrivals, perSecond } = await score();
    expect([acceptedOutsidePausesPerSecond, secondsOutsidePauses]).toEqual([16.25, 4]);
    expect([accepted, arrivals]).toEqual([65, 66]);
    expect(perSecond.accepted.slice(0, 3)).toEqual([4, 6, 0]);
    expect(perSecond.place.slice(0, 6)).toEqual(['outside', 'outside', 'paused', 'paused', 'paused', 'after']);
  });

  it('calls of the judge count nowhere', async () => {
    rig = await openRig();
    await rig.control('resources');
    await rig.control('posts');
    expect((await score()).arrivals).toBe(0);
  });

  it('the log pages through every arrival with path, status and method', async () => {
    rig = await openRig();
    await rig.status('/items/7?x=1');
    await rig.status('/nothing', { method: 'DELETE' });
    interface Page {
      arrivals: object[];
      next: number;
    }
    const first = await rig.control<Page>('arrivals?limit=1');
    const second = await rig.control<Page>(`arrivals?since=${first.next}`);
    expect(first.arrivals).toEqual([
      { row: 0, atMs: 0, method: 'GET', path: '/items/7', kind: 'ordinary', status: 200 },
    ]);
    expect(second.arrivals).toEqual([
      { row: 1, atMs: 0, method: 'DELETE', path: '/nothing', kind: 'ordinary', status: 405 },
    ]);
  });

  it('a call whose client went away is told as cut and leaves its place', async () => {
    rig = await openRig({ limits: { concurrency: { limit: 1, over: 'queue' } } });
    await rig.control('fault', { fault: 'silent' });
    const gone = new AbortController();
    const held = rig.call('/items/1', { signal: gone.signal }).catch(() => 'cut');
    await expect.poll(() => rig.demo.judge.inFlight).toBe(1);
    const next = rig.status('/items/2');
    await expect.poll(() => rig.demo.judge.inFlight).toBe(2);
    gone.abort();
    expect([await held, await next]).toEqual(['cut', 200]);
    const { cut, maxConcurrency } = await score();
    expect([cut, maxConcurrency]).toEqual([1, 2]);
  });

  it('over a concurrency cap that throttles, the next call is refused', async () => {
    rig = await openRig({ limits: { concurrency: { limit: 1, over: 'throttle' } } });
    await rig.control('fault', { fault: 'silent' });
    const gone = new AbortController();
    const held = rig.call('/items/1', { signal: gone.signal }).catch(() => undefined);
    await expect.poll(() => rig.demo.judge.inFlight).toBe(1);
    expect(await rig.status('/items/2')).toBe(429);
    gone.abort();
    await held;
  });

  it('tells per resource its version, when it changed and when it was last fetched', async () => {
    rig = await openRig();
    rig.pass(5000);
    await rig.status('/items/3');
    const { now, resources } = await rig.control<{ now: number; resources: Record<string, unknown>[] }>('resources');
    expect(resources[2]).toMatchObject({ path: '/items/3', lastFetchedAt: now, fetches: 1 });
    expect(resources[3]).toMatchObject({ path: '/items/4', lastFetchedAt: null, fetches: 0 });
    rig.pass(700);
    expect(await rig.control('ages')).toMatchObject({ fetched: 1, never: 199, p95Ms: 700 });
  });
});
