import { performance } from 'node:perf_hooks';

/** Time for everything but the outside world's dates: epoch-like milliseconds that never run backwards while the process lives. */
export interface Clock {
  now(): number;
}

/** Follows the wall clock as it stood when the process began, so that a step of the system's clock moves no deadline. */
export const systemClock: Clock = { now: () => performance.timeOrigin + performance.now() };

/** A number from 0 (included) to 1 (excluded). */
export type Chance = () => number;
export const systemChance: Chance = Math.random;
