import type { LaneGroup, LaneSide } from '#core';
import { isWrite } from './flight.js';
import type { Flight } from './flight.js';

/** The best waiting call that may be repeated, else the oldest write: a probe may come to nothing. */
export function bestToProbeWith({ queue }: LaneGroup<Flight>, side: LaneSide, nowMs: number): Flight {
  const repeatable = queue.best((flight) => !isWrite(flight), nowMs);
  const chosen = repeatable ?? queue.peek('now', nowMs) ?? queue.peek(side, nowMs);
  if (chosen === undefined) throw new Error('a probe was admitted although nothing waits');
  return chosen;
}
