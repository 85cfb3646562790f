export interface Freshened {
  /** Undefined: never fetched. */
  readonly fetchedAtMs: number | undefined;
  readonly maxAgeMs: number;
}

/** When a refresh should leave so that its answer is there before maxAge is over; `leadMs` covers queue and way. */
export function dueAt({ fetchedAtMs, maxAgeMs, leadMs }: Freshened & { readonly leadMs: number }): number {
  return fetchedAtMs === undefined ? 0 : fetchedAtMs + Math.max(0, maxAgeMs - leadMs);
}

/** Age over maxAge: when the budget is short, the greatest goes first, so that all are late by the same factor. */
export function overdueRatio({ fetchedAtMs, maxAgeMs }: Freshened, nowMs: number): number {
  return fetchedAtMs === undefined ? Infinity : (nowMs - fetchedAtMs) / maxAgeMs;
}
