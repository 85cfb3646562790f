export interface Spread {
  count: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
}

/** By nearest rank: always a value that occurred. */
export function spreadOf(values: readonly number[]): Spread {
  const ascending = Float64Array.from(values).sort();
  return {
    count: ascending.length,
    p50: quantile(ascending, 0.5),
    p95: quantile(ascending, 0.95),
    p99: quantile(ascending, 0.99),
    max: quantile(ascending, 1),
  };
}

export function quantile(ascending: ArrayLike<number>, q: number): number | null {
  return ascending[Math.max(0, Math.ceil(q * ascending.length) - 1)] ?? null;
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Sums of every run of `length` values, each beginning one later than the one before. */
export function slidingSums(values: readonly number[], length: number): number[] {
  const sums: number[] = [];
  let total = 0;
  values.forEach((value, i) => {
    total += value - (values[i - length] ?? 0);
    if (i >= length - 1) sums.push(total);
  });
  return sums;
}

/** Whether the second half of the samples stays within `share` of its own mean. */
export function isFlat(samples: readonly number[], share: number): boolean {
  const half = samples.slice(Math.floor(samples.length / 2));
  const middle = mean(half);
  if (middle === null || half.length < 2) return false;
  return (Math.max(...half) - Math.min(...half)) / middle <= share;
}
