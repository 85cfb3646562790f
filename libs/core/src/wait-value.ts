import type { WaitForm } from './dialects/dialect.js';
import { parseHttpDate } from './http-date.js';

/** A wait as read: how long, and how exact. `resolutionMs` 1000: a date or epoch seconds, cut off by up to a second. */
export interface ReadWait {
  readonly waitMs: number;
  readonly resolutionMs: 1 | 1000;
}

const DECIMAL = /^\d{1,15}(?:\.\d{0,9})?$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i;
const GO_DURATION = /^(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|µs|ns))+$/;
const GO_PART = /(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g;
const GO_UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/**
 * Reads one field. Points in time are taken against `sentAtMs`, the answer's own Date: the difference of two readings of the vendor's
 * clock, so that ours may be wrong. Undefined: not a wait that can be understood.
 */
export function readWait(value: string, form: WaitForm, sentAtMs: number): ReadWait | undefined {
  const text = value.trim();
  if (DECIMAL.test(text)) return form === 'delta-seconds' ? delta(Number(text)) : bySize(Number(text), sentAtMs);
  if (form === 'delta-seconds') return undefined;
  const dateMs = parseHttpDate(text);
  if (dateMs !== undefined) return until(dateMs, sentAtMs, 1000);
  return form === 'auto' ? (readIso(text, sentAtMs) ?? readGoDuration(text)) : undefined;
}

// The same name means a delta at one vendor and a point in time at another, Retry-After included; the size tells them apart.
function bySize(number: number, sentAtMs: number): ReadWait {
  if (number > 1e12) return until(number, sentAtMs, 1);
  if (number > 1e9) return until(number * 1000, sentAtMs, 1000);
  return delta(number);
}

// RFC 9110 10.2.3: "delay-seconds = 1*DIGIT"; some vendors send a fraction.
function delta(seconds: number): ReadWait {
  return { waitMs: seconds * 1000, resolutionMs: 1 };
}

function until(atMs: number, sentAtMs: number, resolutionMs: 1 | 1000): ReadWait {
  return { waitMs: atMs - sentAtMs, resolutionMs };
}

function readIso(text: string, sentAtMs: number): ReadWait | undefined {
  if (!ISO.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : until(atMs, sentAtMs, text.includes('.') ? 1 : 1000);
}

function readGoDuration(text: string): ReadWait | undefined {
  if (!GO_DURATION.test(text)) return undefined;
  let waitMs = 0;
  for (const [, number, unit] of text.matchAll(GO_PART)) waitMs += Number(number) * (GO_UNIT_MS[unit ?? ''] ?? 0);
  return { waitMs, resolutionMs: 1 };
}
