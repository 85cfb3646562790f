import { z } from 'zod';
import { mergePatch } from './merge-patch.js';

const count = z.int().min(0);
const positive = z.int().min(1);
const durationMs = z.number().min(0);
const rate = z.number().min(0).max(1);

/** How a throttle tells when to come back. `github` is a 403 with x-ratelimit-reset; `none` tells nothing. */
export const formSchema = z.enum(['seconds', 'float', 'date', 'github', 'none']);
export type Form = z.infer<typeof formSchema>;

const windowSchema = z.strictObject({
  limit: positive,
  perMs: z.number().min(1),
  kind: z.enum(['fixed', 'sliding', 'bucket']).default('sliding'),
  /** Size of a bucket; null: as large as `limit`. */
  burst: positive.nullable().default(null),
});
export type WindowSpec = z.infer<typeof windowSchema>;

/** A limit that changes: spans of `everyMs` lie end to end on the monotonic clock, each with the next of these factors. */
const shiftsSchema = z.strictObject({
  everyMs: z.number().min(1),
  factors: z.array(z.number().min(0.01).max(100)).min(1),
});
export type ShiftsSpec = z.infer<typeof shiftsSchema>;

export const throttleSchema = z.strictObject({ retryAfterMs: durationMs, form: formSchema.default('seconds') });
export type ThrottleSpec = z.infer<typeof throttleSchema>;

const limitsSchema = z.strictObject({
  windows: z.array(windowSchema).default([{ limit: 250, perMs: 1000, kind: 'sliding', burst: null }]),
  concurrency: z
    .strictObject({ limit: positive, over: z.enum(['queue', 'throttle']).default('queue') })
    .nullable()
    .default(null),
  /** Refused calls spend quota too (some vendors do that, and hammering then never ends). */
  countRefused: z.boolean().default(false),
  shifts: shiftsSchema.nullable().default(null),
});
export type LimitsSpec = z.infer<typeof limitsSchema>;

const banSchema = z.strictObject({ forMs: durationMs, on: z.enum(['throttle', 'arrival']).default('arrival') });

const faultsSchema = z.strictObject({
  /** Only paths that begin so are hurt. */
  path: z.string().default('/'),
  error: rate.default(0),
  errorStatus: z.int().min(500).max(599).default(503),
  slow: rate.default(0),
  slowMs: durationMs.default(5000),
  reset: rate.default(0),
  truncate: rate.default(0),
  silent: rate.default(0),
});
export type FaultsSpec = z.infer<typeof faultsSchema>;

const contentSchema = z.strictObject({
  medianBytes: positive.default(3000),
  sigma: z.number().min(0).default(0.7),
  minBytes: positive.default(1000),
  maxBytes: positive.default(20_000),
});
export type ContentSpec = z.infer<typeof contentSchema>;

const changesSchema = z.strictObject({
  medianIntervalMs: z.number().min(1).default(120_000),
  sigma: z.number().min(0).default(1.2),
  minIntervalMs: z.number().min(1).default(2000),
  /** Share of the items that never change of their own accord. */
  frozenShare: rate.default(0.1),
  /** Epoch ms at which every item stands at version 0; null: the start of the process. */
  originAt: count.nullable().default(null),
});
export type ChangesSpec = z.infer<typeof changesSchema>;

const latencySchema = z.strictObject({
  p50Ms: durationMs.default(60),
  p99Ms: durationMs.default(400),
  throttledMs: durationMs.default(2),
});
export type LatencySpec = z.infer<typeof latencySchema>;

const cacheControlSchema = z.strictObject({ from: positive, to: positive, value: z.string() });
const spontaneousSchema = throttleSchema.extend({ afterMs: durationMs });
export type SpontaneousSpec = z.infer<typeof spontaneousSchema>;

export const profileSchema = z.strictObject({
  seed: z.int().default(1),
  items: positive.max(1_000_000).default(6000),
  content: contentSchema.prefault({}),
  changes: changesSchema.prefault({}),
  cacheControl: z.array(cacheControlSchema).default([{ from: 1, to: 100, value: 'max-age=60' }]),
  latency: latencySchema.prefault({}),
  limits: limitsSchema.prefault({}),
  dialect: formSchema.default('seconds'),
  announce: z.enum(['none', 'ratelimit', 'x-ratelimit']).default('none'),
  /** What the quota fields tell wrongly: a remaining that never falls, or a reset in ms where seconds are meant. */
  announceFault: z.enum(['none', 'remaining-stuck', 'reset-in-ms']).default('none'),
  ban: banSchema.nullable().default(null),
  /** `afterMs` counts from the start, the last reset, or the patch that brought the list. */
  spontaneous: z.array(spontaneousSchema).default([]),
  faults: faultsSchema.prefault({}),
  clockSkewMs: z.number().default(0),
});
export type Profile = z.infer<typeof profileSchema>;

/** What the content follows from: changing it under a running demo would make its history a lie. */
const FIXED_AT_START = ['seed', 'items', 'content', 'changes', 'cacheControl'];

export type Parsed<T> = { kind: 'valid'; value: T } | { kind: 'faulty'; faults: string[] };

export function parse<T>(schema: z.ZodType<T>, input: unknown): Parsed<T> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return { kind: 'valid', value: result.data };
  return { kind: 'faulty', faults: result.error.issues.map(faultText) };
}

function faultText(issue: z.core.$ZodIssue): string {
  const where = issue.path.length > 0 ? issue.path.join('.') : '(whole)';
  const found =
    issue.input === undefined || issue.code === 'unrecognized_keys' ? '' : ` (found ${JSON.stringify(issue.input)})`;
  return `${where}: ${issue.message}${found}`;
}

export function parseProfile(input: unknown): Parsed<Profile> {
  return parse(profileSchema, input);
}

export function patchProfile(profile: Profile, patch: unknown): Parsed<Profile> {
  const fixed = isRecord(patch) ? FIXED_AT_START.filter((name) => name in patch) : [];
  if (fixed.length > 0)
    return { kind: 'faulty', faults: fixed.map((name) => `${name}: fixed at start; set it in DEMO_PROFILE`) };
  return parseProfile(mergePatch(profile, patch));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
