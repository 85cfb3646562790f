import type { DeadAttempt } from '#contracts';

/** What a handler says of one piece of work. Only libs/bus turns it into a word to the broker. */
export type SingleVerdict =
  | { readonly kind: 'done' }
  /** Give it back, and hand it out again no sooner than this. */
  | { readonly kind: 'again'; readonly delayMs: number }
  /** Not worth doing any more. */
  | { readonly kind: 'drop'; readonly reason: string }
  /** Cannot be done: keep it where people look at what was given up. */
  | { readonly kind: 'dead'; readonly reason: string; readonly history: readonly DeadAttempt[] };

export type Verdict =
  | SingleVerdict
  /** Of a batch whose pieces end one by one: a verdict for each, in their order. */
  | { readonly kind: 'each'; readonly verdicts: readonly Promise<SingleVerdict>[] };

export type Again = Extract<SingleVerdict, { kind: 'again' }>;

export const done: SingleVerdict = { kind: 'done' };
export const again = (delayMs: number): SingleVerdict => ({ kind: 'again', delayMs });
export const drop = (reason: string): SingleVerdict => ({ kind: 'drop', reason });
export const dead = (reason: string, history: readonly DeadAttempt[] = []): SingleVerdict => ({
  kind: 'dead',
  reason,
  history,
});
export const each = (verdicts: readonly Promise<SingleVerdict>[]): Verdict => ({ kind: 'each', verdicts });

const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;

/** After a handler that threw: 250 ms, doubled with each delivery. */
export function afterFault(deliveryCount: number): Again {
  const delayMs = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(deliveryCount - 1, 20));
  return { kind: 'again', delayMs };
}
