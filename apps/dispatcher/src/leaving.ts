import { isSafe } from '#core';
import type { Flight, Order } from './flight.js';
import type { Joinable } from './joinable.js';

/**
 * What a call takes along by which it can be taken back when nobody waits for it any more (docs/decisions/0013). Not one whose answer may
 * be stored: it has been paid for, and the next who asks is answered from the store. Not a write: what became of it must be known.
 */
export function takeBackOf({ method, purpose, mayStore }: Order): AbortController | undefined {
  const isOfNoUse = purpose === 'pass' || !mayStore;
  return isOfNoUse && isSafe(method) ? new AbortController() : undefined;
}

/** Someone who waits for a call that is on its way has gone: the call goes on for the others, for the store, or not at all. */
export function leaveSent(flight: Flight, askerId: string, joinable: Joinable): void {
  const leaving = flight.askers.filter(({ id }) => id === askerId);
  flight.askers = flight.askers.filter(({ id }) => id !== askerId);
  for (const asker of leaving) asker.end({ kind: 'cancelled' }, flight);
  if (flight.askers.length > 0 || flight.state.kind !== 'sent' || flight.state.takeBack === undefined) return;
  // Else whoever joins it now would be told that it was taken back.
  joinable.withdraw(flight);
  flight.state.takeBack.abort();
}
