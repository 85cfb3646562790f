import { describe, expect, it } from 'vitest';
import { chooserOf, InProportion, RoundRobin, ShortestTtl } from './choosers.js';
import { PEERS } from './systems.js';
import type { Season } from './world.js';
import { worldOf } from './workloads.js';

const MINUTE_MS = 60_000;

describe('round robin', () => {
  it('goes round', () => {
    const chooser = new RoundRobin(3);
    expect(Array.from({ length: 7 }, () => chooser.next())).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });
});

describe('in proportion', () => {
  it('calls each as often as its frequency says, and nobody else', () => {
    const chooser = new InProportion(Float64Array.of(0.3, 0.1, 0, 0.6), 1);
    const counts = new Float64Array(4);
    for (let n = 0; n < 1000; n += 1) {
      const item = chooser.next() ?? 2;
      counts[item] = (counts[item] ?? 0) + 1;
    }
    [300, 100, 0, 600].forEach((wanted, item) => expect(Math.abs((counts[item] ?? 0) - wanted)).toBeLessThan(3));
  });
});

describe('the shortest ttl first', () => {
  /** Once a minute, once in five minutes, once in two days. */
  const rates = Float64Array.of(1 / MINUTE_MS, 1 / (5 * MINUTE_MS), 1 / (2880 * MINUTE_MS));

  it('takes each when its ttl is over, and then rests', () => {
    const chooser = new ShortestTtl(rates, 1);
    expect([chooser.next(0), chooser.next(0), chooser.next(0), chooser.next(0)]).toEqual([0, 1, 2, undefined]);
    expect(chooser.next(MINUTE_MS - 1)).toBeUndefined();
    expect(chooser.next(MINUTE_MS)).toBe(0);
    expect(chooser.next(1440 * MINUTE_MS)).toBe(0);
    expect(chooser.next(1440 * MINUTE_MS)).toBe(1);
    expect(chooser.next(1440 * MINUTE_MS)).toBe(2);
  });

  it('has ttls that run with the time', () => {
    const chooser = new ShortestTtl(
      rates.map((rate) => rate * 10),
      10,
    );
    for (let n = 0; n < 3; n += 1) chooser.next(0);
    expect(chooser.next(MINUTE_MS / 10)).toBe(0);
  });
});

it.each(PEERS)('%s finds a call as long as there is something to do', (peer) => {
  const order = { workload: 'zipf', seed: 1, size: 300, timeScale: 1, shiftAtMs: 0, untilMs: 0 } as const;
  const season = worldOf(order, undefined).seasons[0] as Season; // there is one
  const chooser = chooserOf(peer, { season, budget: 0.001, seed: 1, timeScale: 1 });
  const chosen = Array.from({ length: 100 }, (_, n) => chooser.next(n * 1000));
  expect(chosen.filter((item) => item !== undefined)).toHaveLength(100);
});
