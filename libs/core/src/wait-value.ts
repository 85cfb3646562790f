import type { WaitForm } from './dialects/dialect.js';
import { parseHttpDate } from './http-date.js';

/** A wait as read: how long, and how exact. `resolutionMs` 1000: a date or epoch seconds, cut off by up to a second. */
export interface ReadWait {
  readonly waitMs: number;
  readonly resolutionMs: 1 | 1000;
}

const DECIMAL = /^\d{1,15}(?:\.\d{0,9})?$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i;
const ISO_WITHIN = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)/i;
/** What JavaScript makes of a Date as text; the name of the zone in brackets says nothing new. */
const JS_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4}(?: \([^)]{1,64}\))?$/;
const EARLIEST_EPOCH_MS = 1e12;
const LATEST_EPOCH_MS = 1e13;
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
 * Reads one value. Points in time are taken against `sentAtMs`, the answer's own Date: the difference of two readings of the vendor's
 * clock, so that ours may be wrong. Undefined: not a wait that can be understood.
 */
export function readWait(value: string, form: WaitForm, sentAtMs: number): ReadWait | undefined {
  const text = value.trim();
  switch (form) {
    case 'seconds':
      return DECIMAL.test(text) ? delta(Number(text)) : undefined;
    case 'milliseconds':
      return DECIMAL.test(text) ? delta(Number(text) / 1000) : undefined;
    case 'epoch-seconds':
      return epoch(text, 1000, sentAtMs);
    case 'epoch-milliseconds':
      return epoch(text, 1, sentAtMs);
    case 'retry-after':
      return numberOrDate(text, sentAtMs);
    case 'auto':
      return (
        numberOrDate(text, sentAtMs) ?? readIso(text, sentAtMs) ?? readGoDuration(text) ?? readJsDate(text, sentAtMs)
      );
    case 'sentence':
      return readIso(ISO_WITHIN.exec(text)?.[0] ?? '', sentAtMs);
  }
}

function numberOrDate(text: string, sentAtMs: number): ReadWait | undefined {
  if (DECIMAL.test(text)) return bySize(Number(text), sentAtMs);
  const dateMs = parseHttpDate(text);
  return dateMs === undefined ? undefined : until(dateMs, sentAtMs, 1000);
}

/** A number too small to be a point in time of this century is none, whatever the vendor meant by it. */
function epoch(text: string, unitMs: 1 | 1000, sentAtMs: number): ReadWait | undefined {
  const number = DECIMAL.test(text) ? Number(text) : 0;
  if (number * unitMs <= EARLIEST_EPOCH_MS || number * unitMs > LATEST_EPOCH_MS) return undefined;
  return until(number * unitMs, sentAtMs, Number.isInteger(number) ? unitMs : 1);
}

// The same name means a delta at one vendor and a point in time at another, Retry-After included; the size tells them apart.
function bySize(number: number, sentAtMs: number): ReadWait {
  if (number > 1e12) return until(number, sentAtMs, 1);
  if (number > 1e9) return until(number * 1000, sentAtMs, Number.isInteger(number) ? 1000 : 1);
  return delta(number);
}

// RFC 9110 10.2.3: "delay-seconds = 1*DIGIT"; some vendors send a fraction.
function delta(seconds: number): ReadWait {
  return { waitMs: wholeMs(seconds * 1000), resolutionMs: 1 };
}

/** Late, never early; and without what floating point adds (64.57 s are 64569.99999999999 ms). */
function wholeMs(ms: number): number {
  return Math.ceil(ms - 1e-6);
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

function readJsDate(text: string, sentAtMs: number): ReadWait | undefined {
  if (!JS_DATE.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : until(atMs, sentAtMs, 1000);
}
