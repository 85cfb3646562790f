import type { DeadAttempt } from '#contracts';
import type { FetchOutcome } from './fetch-outcome.js';
import type { Attempt, Earlier, Flight } from './flight.js';

/** A pause can throttle one call many times; the last say enough. */
const MOST_KEPT = 20;

/** Keeps what became of a send, unless it was an answer that is wanted. */
export function noteAttempt(flight: Flight, outcome: FetchOutcome, nowMs: number): void {
  if (outcome.kind === 'answered' && outcome.status < 400) return;
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
 * What may have been tried when the broker hands work out again. Nobody is left who could say, so each delivery counts for a send, and
 * the first of them for made when the work was stored: attempts end, however often holders die.
 */
export function earlierOf(delivery: { deliveryCount: number; enqueuedAt: number }, nowMs: number): Earlier | undefined {
  if (delivery.deliveryCount <= 1) return undefined;
  // The broker's clock may be ahead of ours.
  return { attempts: delivery.deliveryCount - 1, startedAtMs: Math.min(delivery.enqueuedAt, nowMs) };
}
