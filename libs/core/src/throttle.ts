import type { AnnouncedRate } from './announced-rate.js';
import type { Dialect, FieldTest, QuotaFields } from './dialects/dialect.js';
import { standard } from './dialects/standard.js';
import { fieldValue, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';
import { membersOf } from './list-members.js';
import { readWait, type ReadWait } from './wait-value.js';

/** An answer's head, and when it was received. */
export interface AnswerHead {
  readonly status: number;
  readonly fields: Fields;
  readonly nowMs: number;
}

export type ThrottleReading =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'throttle';
      /** Undefined: the upstream told no wait that can be used. */
      readonly waitMs: number | undefined;
      /** The same on our clock. */
      readonly resetAtMs: number | undefined;
      readonly resolutionMs: 1 | 1000;
      /** The field that was believed, or `none`: for the log and the live view. */
      readonly source: string;
    };

const NOT_A_THROTTLE: ThrottleReading = { kind: 'none' };

interface Quota extends ReadWait {
  readonly remaining: number | undefined;
  readonly limit: number | undefined;
  readonly source: string;
}

/** Whether an answer is a throttle in this dialect, and for how long it asks us to wait. */
export function readThrottle(answer: AnswerHead, dialect: Dialect): ThrottleReading {
  if (!isThrottle(answer, dialect)) return NOT_A_THROTTLE;
  const sentAtMs = sentAt(answer.fields, answer.nowMs);
  const found = toldWait(answer.fields, dialect, sentAtMs) ?? longestReset(answer.fields, dialect, sentAtMs);
  if (found !== undefined) {
    const { waitMs, resolutionMs, source } = found;
    return { kind: 'throttle', waitMs, resetAtMs: answer.nowMs + waitMs, resolutionMs, source };
  }
  const waitMs = dialect.waitWithoutFieldsMs;
  const resetAtMs = waitMs === undefined ? undefined : answer.nowMs + waitMs;
  return { kind: 'throttle', waitMs, resetAtMs, resolutionMs: 1, source: waitMs === undefined ? 'none' : dialect.name };
}

/** The quota that an answer announces; of several the one that permits the lowest rate. */
export function readRate(answer: Omit<AnswerHead, 'status'>, dialect: Dialect = standard): AnnouncedRate | undefined {
  let tightest: AnnouncedRate | undefined;
  let lowest = Infinity;
  for (const { remaining, limit, waitMs } of quotasOf(answer.fields, dialect, sentAt(answer.fields, answer.nowMs))) {
    if (remaining === undefined || waitMs <= 0 || remaining / waitMs >= lowest) continue;
    lowest = remaining / waitMs;
    tightest = { remaining, limit, resetAtMs: answer.nowMs + waitMs };
  }
  return tightest;
}

function isThrottle({ status, fields }: AnswerHead, dialect: Dialect): boolean {
  return dialect.throttles.some(
    (rule) => rule.status === status && (rule.when ?? []).every((test) => holds(test, fields)),
  );
}

function holds(test: FieldTest, fields: Fields): boolean {
  const value = fieldValue(fields, test.field)?.trim();
  return value !== undefined && (test.is === undefined || value === test.is);
}

// RFC 9110 10.2.3 gives Retry-After as a date; against the answer's own Date the vendor's clock may be off by any amount.
function sentAt(fields: Fields, nowMs: number): number {
  return parseHttpDate(fieldValue(fields, 'date')) ?? nowMs;
}

/** A wait of nothing, or one that is over, tells nothing: the throttle itself says that now is too early. */
function toldWait(fields: Fields, dialect: Dialect, sentAtMs: number): (ReadWait & { source: string }) | undefined {
  for (const { field, form } of dialect.waits) {
    const value = fieldValue(fields, field);
    const wait = value === undefined ? undefined : readWait(value, form, sentAtMs);
    if (wait !== undefined && wait.waitMs > 0) return { ...wait, source: field };
  }
  return undefined;
}

function longestReset(fields: Fields, dialect: Dialect, sentAtMs: number): Quota | undefined {
  let longest: Quota | undefined;
  for (const quota of quotasOf(fields, dialect, sentAtMs)) {
    const exhausted = (quota.remaining ?? 0) <= 0;
    if (exhausted && quota.waitMs > (longest?.waitMs ?? 0)) longest = quota;
  }
  return longest;
}

function quotasOf(fields: Fields, dialect: Dialect, sentAtMs: number): Quota[] {
  const quotas = rateLimitField(fields);
  for (const names of dialect.quotas) {
    const quota = quotaOf(fields, names, sentAtMs);
    if (quota !== undefined) quotas.push(quota);
  }
  return quotas;
}

function quotaOf(fields: Fields, names: QuotaFields, sentAtMs: number): Quota | undefined {
  const reset = fieldValue(fields, names.reset);
  const wait = reset === undefined ? undefined : readWait(reset, names.form, sentAtMs);
  if (wait === undefined) return undefined;
  return { ...wait, remaining: count(fields, names.remaining), limit: count(fields, names.limit), source: names.reset };
}

function count(fields: Fields, name: string | undefined): number | undefined {
  const value = name === undefined ? undefined : fieldValue(fields, name)?.trim();
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** The IETF draft's `RateLimit: "default";r=0;t=30`, and its older form `limit=100, remaining=0, reset=30`. */
function rateLimitField(fields: Fields): Quota[] {
  const value = fieldValue(fields, 'ratelimit');
  if (value === undefined) return [];
  const items = membersOf(value);
  const old = items.every((item) => /^(?:limit|remaining|reset)\s*=/i.test(item));
  return (old ? [items] : items.map((item) => membersOf(item, ';').slice(1))).flatMap(quotaOfParameters);
}

function quotaOfParameters(parameters: readonly string[]): Quota[] {
  const named = new Map<string, number>();
  for (const parameter of parameters) {
    const [, name, digits] = /^([a-z]+)\s*=\s*(\d{1,15})$/i.exec(parameter) ?? [];
    if (name !== undefined) named.set(name.toLowerCase(), Number(digits));
  }
  const seconds = named.get('t') ?? named.get('reset');
  if (seconds === undefined) return [];
  const remaining = named.get('r') ?? named.get('remaining');
  return [{ waitMs: seconds * 1000, resolutionMs: 1, remaining, limit: named.get('limit'), source: 'ratelimit' }];
}
