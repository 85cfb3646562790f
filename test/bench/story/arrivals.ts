import { exponentialGapMs, sequence, shuffled, zipf } from './chance.js';
import type { Arrival } from './notebook.js';

export interface Rates {
  hotPerSecond: number;
  coldPerSecond: number;
  writesPerSecond: number;
  zipfExponent: number;
}

export interface DueArrival {
  /** Since the first one could come. */
  dueMs: number;
  arrival: Arrival;
}

/** The users' next step, for ever: one Poisson process of all of them, each arrival drawn to be a hot read, a cold one or a write. */
export function* arrivals(seed: number, items: number, rates: Rates): Generator<DueArrival, never> {
  const next = sequence(seed);
  const byRank = shuffled(
    Array.from({ length: items }, (_, i) => i + 1),
    next,
  );
  const rank = zipf(items, rates.zipfExponent);
  const total = rates.hotPerSecond + rates.coldPerSecond + rates.writesPerSecond;
  let [dueMs, asked, written] = [0, 0, 0];
  const draw = (): Arrival => {
    const at = next() * total;
    const item = byRank[rank(next())] ?? 1;
    if (at < rates.hotPerSecond) return { kind: 'hot', path: `/items/${item}` };
    // Not under /items: a cold read must not make an item look fresher than its refreshes do.
    if (at < rates.hotPerSecond + rates.coldPerSecond)
      return { kind: 'cold', path: `/search?q=cold-${seed}-${(asked += 1)}` };
    return { kind: 'write', path: `/items/${item}/notes`, id: `note-${seed}-${(written += 1)}` };
  };
  for (;;) {
    dueMs += exponentialGapMs(total, next());
    yield { dueMs, arrival: draw() };
  }
}
