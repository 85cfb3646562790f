import { expect, it } from 'vitest';
import { waitAfter } from './pause.js';

const CONFIG = { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true };

function waitedMs(episode: number, grows: boolean): number {
  const throttled = { waitMs: 60_000, resetAtMs: undefined, resolutionMs: 1, grows } as const;
  return waitAfter(throttled, episode, CONFIG, { nowMs: 0, chance: 0 }).forMs;
}

it('a documented wait that grows doubles with each episode, up to the longest pause', () => {
  expect([1, 2, 3, 30].map((episode) => waitedMs(episode, true))).toEqual([60_250, 120_250, 240_250, 3_600_000]);
});

it('a wait that the vendor told does not grow', () => {
  expect(waitedMs(3, false)).toBe(60_250);
});
