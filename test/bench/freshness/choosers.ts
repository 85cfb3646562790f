import { Heap } from '#core';
import { stream } from './chances.js';
import { optimumOf } from './optimum.js';
import type { PeerName } from './systems.js';
import type { Season } from './world.js';

/** Which resource gets the next call; undefined: none is due. */
export interface Chooser {
  next(nowMs: number): number | undefined;
}

export interface ChooserOrder {
  readonly season: Season;
  /** Calls per ms. */
  readonly budget: number;
  readonly seed: number;
  readonly timeScale: number;
}

/** The best form of each: the true rates of change and the true demand are known to whoever goes by them, and change with the season. */
export function chooserOf(peer: PeerName, order: ChooserOrder): Chooser {
  const { rates, weights } = order.season;
  const { budget } = order;
  switch (peer) {
    case 'round-robin':
      return new RoundRobin(rates.length);
    case 'shortest-ttl':
      return new ShortestTtl(rates, order.timeScale);
    case 'most-changing':
      return new InProportion(inProportionTo(rates, budget), order.seed);
    case 'most-asked':
      return new InProportion(inProportionTo(weights, budget), order.seed);
    case 'optimum':
      return new InProportion(optimumOf(order.season, budget).frequencies, order.seed);
  }
}

export class RoundRobin implements Chooser {
  private last = -1;

  constructor(private readonly size: number) {}

  next(): number {
    this.last = (this.last + 1) % this.size;
    return this.last;
  }
}

const MINUTE_MS = 60_000;
/** As one writes them into a crontab. */
const CLASSES_MS = [1, 5, 15, 60, 360, 1440].map((minutes) => minutes * MINUTE_MS);

/**
 * Each resource has a ttl of a few fixed ones: the longest in which it changes once at most, and the shortest where it changes more often.
 * Of what has expired the shortest ttl goes first, and of these what expired first: what is never reached is never fetched.
 */
export class ShortestTtl implements Chooser {
  private readonly classes: { ttlMs: number; queue: { item: number; expiresMs: number }[]; head: number }[];

  constructor(rates: Float64Array, timeScale: number) {
    this.classes = CLASSES_MS.map((ms) => ({ ttlMs: ms / timeScale, queue: [], head: 0 }));
    rates.forEach((rate, item) => {
      const ofItem = this.classes.findLast(({ ttlMs }) => ttlMs * rate <= 1) ?? this.classes[0];
      ofItem?.queue.push({ item, expiresMs: -Infinity });
    });
  }

  next(nowMs: number): number | undefined {
    for (const one of this.classes) {
      const first = one.queue[one.head];
      if (first === undefined || first.expiresMs > nowMs) continue;
      first.expiresMs = nowMs + one.ttlMs;
      // All of a class have the same ttl: the order in which they were fetched is the one in which they expire.
      one.head = (one.head + 1) % one.queue.length;
      return first.item;
    }
    return undefined;
  }
}

/** Each resource at regular intervals of its own; all together they take the whole budget, and whoever is due first goes first. */
export class InProportion implements Chooser {
  private readonly due = new Heap<number>();

  constructor(
    private readonly frequencies: Float64Array,
    seed: number,
  ) {
    const next = stream(seed, 'phases');
    frequencies.forEach((frequency, item) => {
      if (frequency > 0) this.due.add(item, next() / frequency, item);
    });
  }

  next(): number | undefined {
    const first = this.due.first();
    if (first === undefined) return undefined;
    this.due.remove(first);
    const item = first.value;
    this.due.add(item, first.key + 1 / (this.frequencies[item] ?? 1), item);
    return item;
  }
}

export function inProportionTo(values: Float64Array, budget: number): Float64Array {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => (value * budget) / sum);
}
