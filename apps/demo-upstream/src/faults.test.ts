import { afterEach, describe, expect, it } from 'vitest';
import { latencies } from './latency.js';
import { openRig, type Rig } from './test-rig.js';

let rig: Rig;
afterEach(() => rig?.close());

async function ends(path: string): Promise<string> {
  try {
    const response = await rig.call(path, { signal: AbortSignal.timeout(300) });
    const { status } = response;
    return await response.text().then(
      () => `whole ${status}`,
      () => `broken ${status}`,
    );
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'nothing' : 'no answer';
  }
}

describe('faults', () => {
  it('each kind does what its name says, once for each time that it was ordered', async () => {
    rig = await openRig();
    const orders = ['error', 'reset', 'truncate', 'silent'];
    for (const fault of orders) await rig.control('fault', { fault });
    const seen: string[] = [];
    for (let i = 0; i < 5; i++) seen.push(await ends('/items/1'));
    expect(seen).toEqual(['whole 503', 'no answer', 'broken 200', 'nothing', 'whole 200']);
    const { faults } = await rig.control<{ faults: object }>('score');
    expect(faults).toEqual({ error: 1, reset: 1, truncate: 1, silent: 1, slow: 0 });
  });

  it('an order for a path leaves other paths alone', async () => {
    rig = await openRig();
    await rig.control('fault', { fault: 'error', path: '/items/2' });
    expect([await ends('/items/1'), await ends('/items/2'), await ends('/items/2')]).toEqual([
      'whole 200',
      'whole 503',
      'whole 200',
    ]);
  });

  it('rates can be switched on and off while it runs', async () => {
    rig = await openRig();
    await rig.control('profile', { faults: { error: 1, errorStatus: 502 } });
    expect(await ends('/items/1')).toBe('whole 502');
    await rig.control('profile', { faults: { error: 0 } });
    expect(await ends('/items/1')).toBe('whole 200');
  });

  it('slow comes late and whole', async () => {
    rig = await openRig({ faults: { slow: 1, slowMs: 120 } });
    const beganMs = performance.now();
    expect(await ends('/items/1')).toBe('whole 200');
    expect(performance.now() - beganMs).toBeGreaterThan(110);
  });

  it('a rate hits about that share, and the same calls for the same seed', async () => {
    const run = async (): Promise<string[]> => {
      rig = await openRig({ faults: { error: 0.3 } });
      const seen: string[] = [];
      for (let i = 0; i < 200; i++) seen.push(await ends('/items/1'));
      await rig.close();
      return seen;
    };
    const first = await run();
    const share = first.filter((end) => end === 'whole 503').length / 200;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
    expect(await run()).toEqual(first);
  });

  it('a faulty patch changes nothing and names its fault', async () => {
    rig = await openRig();
    const response = await rig.call('/__judge/profile', { method: 'POST', body: '{"faults":{"eror":1,"slow":2}}' });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringMatching(/faults\.slow.*eror/) as unknown,
    ]);
    expect(rig.demo.profile.faults.slow).toBe(0);
  });
});

describe('latencies', () => {
  it('keep to the median and the 99th percentile of the profile', () => {
    const next = latencies(1, () => ({ p50Ms: 60, p99Ms: 400, throttledMs: 0 }));
    const drawn = Array.from({ length: 20_000 }, next).sort((a, b) => a - b);
    expect(Math.abs((drawn[10_000] ?? 0) - 60)).toBeLessThan(3);
    expect(Math.abs((drawn[19_800] ?? 0) - 400)).toBeLessThan(40);
  });
});
