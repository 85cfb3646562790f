import type { Arrival } from './judge.js';

/** What the upstream's own log says of one round. */
export interface Verdict {
  /** From the deed to the first call of whoever held next; null: none came. */
  readonly firstCallMs: number | null;
  /** The most arrivals in any second. */
  readonly mostInWindow: number;
  /** The shortest time in which one more than the limit arrived. */
  readonly closestMs: number;
  readonly mostInFlight: number;
  readonly throttled: number;
  readonly violations: number;
}

const PER_MS = 1_000;

export function verdictOf(
  arrivals: readonly Arrival[],
  { limit, fromMs, isNext }: { limit: number; fromMs: number; isNext: (arrival: Arrival) => boolean },
): Verdict {
  const times = arrivals.map(({ atMs }) => atMs);
  const first = arrivals.find(isNext)?.atMs;
  return {
    firstCallMs: first === undefined ? null : first - fromMs,
    mostInWindow: mostWithin(PER_MS, times),
    closestMs: closestOf(limit + 1, times),
    mostInFlight: arrivals.reduce((most, { inFlight }) => Math.max(most, inFlight), 0),
    throttled: arrivals.filter(({ kind }) => kind !== 'ordinary').length,
    violations: arrivals.filter(({ kind }) => kind === 'violation').length,
  };
}

/** An arrival is stamped late when the upstream's own loop was held up, never early: two stamps are so much closer than the arrivals, at most. */
export function exceedsWindow({ closestMs }: Verdict, latenessMs: number): boolean {
  return closestMs < PER_MS - latenessMs;
}

/** The most in any half-open span of that length. */
export function mostWithin(spanMs: number, times: readonly number[]): number {
  let most = 0;
  let first = 0;
  times.forEach((at, i) => {
    while (at - (times[first] ?? at) >= spanMs) first += 1;
    most = Math.max(most, i - first + 1);
  });
  return most;
}

function closestOf(count: number, times: readonly number[]): number {
  let closest = Infinity;
  for (let i = count - 1; i < times.length; i += 1)
    closest = Math.min(closest, (times[i] ?? 0) - (times[i - count + 1] ?? 0));
  return closest;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
