import { describe, expect, it } from 'vitest';
import { openRig } from './test-rig.js';

const sliding = {
  windows: [{ limit: 4, perMs: 1000, kind: 'sliding' }],
  shifts: { everyMs: 10_000, factors: [1, 0.5] },
};

async function admittedOf(rig: Awaited<ReturnType<typeof openRig>>, calls: number): Promise<number> {
  let admitted = 0;
  for (let i = 0; i < calls; i += 1) admitted += (await rig.status('/items/1')) === 200 ? 1 : 0;
  return admitted;
}

describe('hostile behaviour', () => {
  it('a limit with shifts is another one in each span, and comes back', async () => {
    const rig = await openRig({ limits: sliding, dialect: 'none' });
    // The clock of the rig begins at 10 s: in the second span.
    expect(await admittedOf(rig, 6)).toBe(2);
    rig.pass(10_000);
    expect(await admittedOf(rig, 6)).toBe(4);
    rig.pass(10_000);
    expect(await admittedOf(rig, 6)).toBe(2);
    await rig.close();
  });

  it('what was taken before a limit fell stays taken', async () => {
    const rig = await openRig({ limits: sliding, dialect: 'none' });
    rig.pass(19_500);
    expect(await admittedOf(rig, 4)).toBe(4);
    rig.pass(600);
    expect(await admittedOf(rig, 4)).toBe(0);
    await rig.close();
  });

  it('a remaining that is stuck never falls', async () => {
    const limits = { windows: [{ limit: 5, perMs: 1000, kind: 'fixed' }] };
    const rig = await openRig({ limits, announce: 'ratelimit', announceFault: 'remaining-stuck' });
    await rig.status('/items/1');
    const answer = await rig.call('/items/1');
    expect(answer.headers.get('ratelimit')).toContain('r=5');
    await rig.close();
  });

  it('a reset in ms is a thousand times what is meant', async () => {
    const limits = { windows: [{ limit: 5, perMs: 4000, kind: 'fixed' }] };
    const rig = await openRig({ limits, announce: 'ratelimit', announceFault: 'reset-in-ms' });
    const answer = await rig.call('/items/1');
    expect(answer.headers.get('ratelimit')).toMatch(/t=2000$/);
    await rig.close();
  });
});
