import type { DeadAttempt } from '#contracts';
import type { FetchOutcome } from './fetch-outcome.js';
import type { Attempt, Earlier, Flight } from './flight.js';

/** A pause can throttle one call many times; the last say enough. */
const MOST_KEPT = 20;

/** Keeps what became of a send, unless it was an answer that is wanted. */
export function noteAttempt(flight: Flight, outcome: FetchOutcome, nowMs: number): void {
  if (outcome.kind === 'answered' && outcome.status < 400) return;
  // Never written: the lease or the reserved quota ran out on the way to the socket. No attempt was made.
  if (outcome.kind === 'failed' && outcome.code === 'holder_away') return;
  const atMs = flight.sentAtMs ?? nowMs;
  const since = flight.history.at(-1)?.endedAtMs ?? flight.enqueuedAtMs;
  const told = outcome.kind === 'answered' ? `status ${outcome.status}` : outcome.code;
  const attempt: Attempt = { atMs, endedAtMs: nowMs, outcome: told, waitedMs: Math.max(0, Math.round(atMs - since)) };
  flight.history = [...flight.history.slice(1 - MOST_KEPT), attempt];
}

export function toldAttempts(flight: Flight | undefined): DeadAttempt[] {
  const attempts = flight?.history ?? [];
  return attempts.map(({ atMs, outcome, waitedMs }) => ({ at: new Date(atMs).toISOString(), outcome, waitedMs }));
}

/**
 * What may have been tried when the broker hands work out again: nobody is left who could say, so it counts as begun when the work was
 * stored, and ends by `maxElapsed`, however often holders die. Deliveries are not attempts: work that was given back in good order (a
 * hand-over, a fact that could not be told) was handed out twice and may never have been sent.
 */
export function earlierOf(delivery: { deliveryCount: number; enqueuedAt: number }, nowMs: number): Earlier | undefined {
  if (delivery.deliveryCount <= 1) return undefined;
  // The broker's clock may be ahead of ours.
  return { startedAtMs: Math.min(delivery.enqueuedAt, nowMs) };
}
