/** Every way to wait before a retry. Lengths in ms; `retry` counts from 1. E stands for the exponential min(cap, base · factor^(n−1)). */
export type BackoffPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed'; readonly delayMs: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'fixed-randomised'; readonly delayMs: number; readonly spread: number }
  | { readonly kind: 'linear'; readonly baseMs: number; readonly capMs: number }
  | { readonly kind: 'quadratic'; readonly baseMs: number; readonly capMs: number }
  | { readonly kind: 'list'; readonly delaysMs: readonly number[] }
  | { readonly kind: 'fibonacci'; readonly baseMs: number; readonly capMs: number }
  | ({ readonly kind: 'exponential' | 'full-jitter' | 'equal-jitter' } & Exponential)
  | ({ readonly kind: 'exponential-randomised'; readonly spread: number } & Exponential)
  | ({ readonly kind: 'partial-jitter'; readonly jitter: number } & Exponential)
  | { readonly kind: 'decorrelated'; readonly baseMs: number; readonly capMs: number }
  | ({ readonly kind: 'decorrelated-smooth' } & Exponential)
  | { readonly kind: 'header-led'; readonly otherwise: BackoffPolicy };

export interface Exponential {
  readonly baseMs: number;
  readonly factor: number;
  readonly capMs: number;
}

/**
 * @param previousMs the delay before this one, 0 before the first retry (decorrelated)
 * @param chance in [0, 1)
 */
export function delayOf(policy: BackoffPolicy, retry: number, previousMs: number, chance: number): number {
  switch (policy.kind) {
    case 'none':
      return 0;
    case 'fixed':
      return policy.delayMs;
    case 'uniform':
      return between(policy.minMs, policy.maxMs, chance);
    case 'fixed-randomised':
      return policy.delayMs * between(1 - policy.spread, 1 + policy.spread, chance);
    case 'linear':
      return Math.min(policy.capMs, policy.baseMs * retry);
    case 'quadratic':
      return Math.min(policy.capMs, policy.baseMs * retry ** 2);
    case 'list':
      return policy.delaysMs[Math.min(retry, policy.delaysMs.length) - 1] ?? 0;
    case 'fibonacci':
      return Math.min(policy.capMs, policy.baseMs * fibonacci(retry));
    case 'exponential':
      return exponential(policy, retry);
    case 'full-jitter':
      return exponential(policy, retry) * chance;
    case 'equal-jitter':
      return exponential(policy, retry) * between(0.5, 1, chance);
    case 'exponential-randomised':
      return exponential(policy, retry) * between(1 - policy.spread, 1 + policy.spread, chance);
    case 'partial-jitter':
      return exponential(policy, retry) * between(1 - policy.jitter, 1, chance);
    case 'decorrelated':
      return Math.min(policy.capMs, between(policy.baseMs, Math.max(policy.baseMs, 3 * previousMs), chance));
    case 'decorrelated-smooth':
      return decorrelatedSmooth(policy, retry, chance);
    case 'header-led':
      // Here only when there was no header: whoever has read one uses it instead of asking.
      return delayOf(policy.otherwise, retry, previousMs, chance);
  }
}

function between(low: number, high: number, chance: number): number {
  return low + (high - low) * chance;
}

function exponential({ baseMs, factor, capMs }: Exponential, retry: number): number {
  return Math.min(capMs, baseMs * factor ** (retry - 1));
}

function fibonacci(n: number): number {
  let [a, b] = [1, 1];
  for (let i = 1; i < n && b < Number.MAX_SAFE_INTEGER; i += 1) [a, b] = [b, a + b];
  return a;
}

// Polly's second decorrelated jitter: the step between two points of y(t) = m^t · tanh(√(4t)), t = n − 1 + U(0, 1). The point before is
// taken at the middle of its range, so that no state has to be carried from retry to retry.
function decorrelatedSmooth({ baseMs, factor, capMs }: Exponential, retry: number, chance: number): number {
  const y = (t: number): number => (t <= 0 ? 0 : factor ** t * Math.tanh(Math.sqrt(4 * t)));
  const before = retry === 1 ? 0 : y(retry - 1.5);
  // Far beyond any cap the difference of the two would be lost in rounding, or be no number.
  if (before > 1e12) return capMs;
  const step = y(retry - 1 + chance) - before;
  return Math.min(capMs, (Math.max(0, step) * baseMs) / 1.4);
}
