import { parseHttpDate } from './http-date.js';

/** How a list wants to be told since when. */
export type SinceFormat = 'iso' | 'epoch-s' | 'epoch-ms';

/** Seconds since 1970 stay below this for three thousand years; milliseconds have been above since 1973. */
const LEAST_MS = 100_000_000_000;
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

export function sinceText(sinceMs: number, format: SinceFormat): string {
  if (format === 'iso') return new Date(sinceMs).toISOString();
  return String(Math.floor(format === 'epoch-s' ? sinceMs / 1_000 : sinceMs));
}

/** Epoch ms of a time in an answer: a date, or seconds or milliseconds since 1970. What names no zone is UTC. Undefined: it is none. */
export function timeOf(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) < LEAST_MS ? Number(text) * 1_000 : Number(text);
  // Date.parse finds a date in nearly everything.
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return parseHttpDate(text);
  const atMs = Date.parse(WITHOUT_ZONE.test(text) ? `${text.replace(' ', 'T')}Z` : text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** What a list told, by the upstream's own times. Undefined: it told none. */
export interface ListTold {
  /** Of the latest change in it. */
  readonly newestMs: number | undefined;
  /** Its Date. */
  readonly saidAtMs: number | undefined;
  /** By our own clock. */
  readonly receivedAtMs: number;
  readonly overlapMs: number;
}

/**
 * From when to ask next. As far as its latest change, since there may be more than it held; where it had none, as far as it was said. Never
 * beyond when it was said (or, where it does not say that, received), however far ahead a change is dated; never back. `sinceMs` undefined: it was asked for by our own clock, which
 * says nothing of the upstream's.
 */
export function nextSince(
  sinceMs: number | undefined,
  { newestMs, saidAtMs, receivedAtMs, overlapMs }: ListTold,
): number | undefined {
  const reachedMs = newestMs === undefined ? saidAtMs : Math.min(newestMs, saidAtMs ?? receivedAtMs);
  return reachedMs === undefined ? sinceMs : Math.max(sinceMs ?? 0, reachedMs - overlapMs);
}
