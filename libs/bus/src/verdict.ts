import type { DeadAttempt } from '#contracts';

/** What a handler says of its work. Only libs/bus turns it into a word to the broker. */
export type Verdict =
  | { readonly kind: 'done' }
  /** Give it back, and hand it out again no sooner than this. */
  | { readonly kind: 'again'; readonly delayMs: number }
  /** Not worth doing any more. */
  | { readonly kind: 'drop'; readonly reason: string }
  /** Cannot be done: keep it where people look at what was given up. */
  | { readonly kind: 'dead'; readonly reason: string; readonly history: readonly DeadAttempt[] };

export const done: Verdict = { kind: 'done' };
export const again = (delayMs: number): Verdict => ({ kind: 'again', delayMs });
export const drop = (reason: string): Verdict => ({ kind: 'drop', reason });
export const dead = (reason: string, history: readonly DeadAttempt[] = []): Verdict => ({
  kind: 'dead',
  reason,
  history,
});

const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;

/** After a handler that threw: 250 ms, doubled with each delivery. */
export function afterFault(deliveryCount: number): Verdict {
  return again(Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(deliveryCount - 1, 20)));
}
