import type { AnswerBody } from './answer-body.js';
import type { CompoundField, Dialect, QuotaFields, ThrottleScope } from './dialects/dialect.js';
import { fieldValue, type Fields } from './fields.js';
import { membersOf, nameAndValue } from './list-members.js';
import { readPolicy, readRateLimit, type PolicyMember } from './ratelimit-field.js';
import { readWait, type ReadWait } from './wait-value.js';

/** One quota as an answer tells it. */
export interface Quota {
  readonly name: string;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly reset: ReadWait | undefined;
  readonly perMs: number | undefined;
  /** The field that told the reset, and what it said. */
  readonly source: string;
  readonly raw: string | undefined;
  readonly counts: 'calls' | 'tokens';
  /** Whether the throttle of an empty one ends at its reset: that of a leaky bucket ends long before. */
  readonly binds: boolean;
  readonly scope: ThrottleScope | undefined;
}

/** True of every field that a dialect names for quotas and windows. */
export const LIMIT_NAME = /limit|quota/i;

const NOTHING_MORE = { perMs: undefined, counts: 'calls', binds: true, scope: undefined } as const;

/** The few fields that may tell of limits: every answer is searched for every name that its dialect knows. */
export function limitFields(fields: Fields): Fields {
  return fields.filter(([name]) => LIMIT_NAME.test(name));
}

/** All quotas that the fields of an answer tell. */
export function quotasOf(fields: Fields, dialect: Dialect, sentAtMs: number): Quota[] {
  const quotas = (dialect.structured ?? ['ratelimit']).flatMap((name) => structuredQuotas(fields, name));
  const seen = new Set<string | undefined>();
  for (const names of dialect.quotas) {
    const quota = seen.has(names.remaining) ? undefined : namedQuota(fields, names, sentAtMs);
    if (quota === undefined) continue;
    if (names.remaining !== undefined) seen.add(names.remaining);
    quotas.push(quota);
  }
  for (const compound of dialect.compounds ?? []) quotas.push(...compoundQuotas(fields, compound));
  return quotas;
}

/** The bucket of points in a body, where the dialect knows one. */
export function pointsOf(body: AnswerBody, { points }: Dialect): (Quota & { cost: number | undefined }) | undefined {
  const limit = points && body.number(points.limit);
  const available = points && body.number(points.available);
  const perSecond = points && body.number(points.restoredPerSecond);
  if (
    points === undefined ||
    limit === undefined ||
    available === undefined ||
    perSecond === undefined ||
    perSecond <= 0 ||
    limit <= 0
  )
    return undefined;
  const perMs = (limit / perSecond) * 1000;
  return {
    ...NOTHING_MORE,
    name: points.available,
    source: points.available,
    raw: undefined,
    limit,
    remaining: Math.max(0, Math.floor(available)),
    reset: { waitMs: ((limit - available) / limit) * perMs, resolutionMs: 1 },
    perMs,
    binds: false,
    cost: body.number(points.spent),
  };
}

/** The policies that stand beside a RateLimit field, those of the older RateLimit-Limit among them. */
export function policiesOf(fields: Fields, name: string): PolicyMember[] {
  const policy = fieldValue(fields, `${name}-policy`);
  if (policy !== undefined) return readPolicy(policy);
  const limits = fieldValue(fields, `${name}-limit`);
  return limits?.includes('w=') === true ? readPolicy(limits).filter(({ perMs }) => perMs !== undefined) : [];
}

function structuredQuotas(fields: Fields, field: string): Quota[] {
  const value = fieldValue(fields, field);
  if (value === undefined) return [];
  const policies = policiesOf(fields, field);
  return readRateLimit(value).flatMap(({ name, limit, remaining, resetMs }) => {
    const policy = policies.find((member) => member.name === name) ?? (policies.length === 1 ? policies[0] : undefined);
    if (policy !== undefined && policy.unit !== 'requests') return [];
    return [
      {
        ...NOTHING_MORE,
        name: name ?? field,
        source: field,
        raw: value,
        limit: limit ?? policy?.limit,
        remaining,
        reset: resetMs === undefined ? undefined : { waitMs: resetMs, resolutionMs: 1 as const },
        perMs: policy?.perMs,
      },
    ];
  });
}

function namedQuota(fields: Fields, names: QuotaFields, sentAtMs: number): Quota | undefined {
  const raw = names.reset === undefined ? undefined : fieldValue(fields, names.reset);
  const [limit, remaining] = [countOf(fields, names.limit), countOf(fields, names.remaining)];
  if (raw === undefined && remaining === undefined) return undefined;
  const name = names.remaining ?? names.limit ?? names.reset ?? '';
  // Written out: spread and then overwritten, this object took most of the time of reading an answer.
  return {
    name,
    source: names.reset ?? name,
    raw,
    limit,
    remaining,
    reset: raw === undefined ? undefined : readWait(raw, names.form ?? 'auto', sentAtMs),
    perMs: names.perMs,
    counts: names.counts ?? 'calls',
    binds: true,
    scope: names.scope,
  };
}

/** The first number of a count; less than nothing remains nothing. `RateLimit-Limit: 100, 100;w=60` has its windows behind it. */
export function countOf(fields: Fields, name: string | undefined): number | undefined {
  const value = name === undefined ? undefined : fieldValue(fields, name);
  const [, digits] = /^\s*(-?\d{1,15})(?:\.\d*)?\s*(?:[,;].*)?$/s.exec(value ?? '') ?? [];
  return digits === undefined ? undefined : Math.max(0, Number(digits));
}

function compoundQuotas(fields: Fields, compound: CompoundField): Quota[] {
  return compound.shape === 'used/limit'
    ? usedOfLimit(fieldValue(fields, compound.field), compound)
    : fields.flatMap(([name, value]) => byParameters(name.toLowerCase(), value, compound));
}

function usedOfLimit(raw: string | undefined, compound: CompoundField & { shape: 'used/limit' }): Quota[] {
  const values = raw === undefined ? [] : membersOf(raw).flatMap((member) => membersOf(member, ';'));
  const pair = compound.parameter === undefined ? values[0] : parameterOf(values, compound.parameter);
  const [, used, limit] = /^(\d{1,15})\/(\d{1,15})$/.exec(pair ?? '') ?? [];
  if (used === undefined || limit === undefined || Number(limit) === 0) return [];
  const { field, perMs, leaks } = compound;
  const fullIn = (Number(used) / Number(limit)) * perMs;
  return [
    {
      ...NOTHING_MORE,
      name: field,
      source: field,
      raw,
      limit: Number(limit),
      remaining: Math.max(0, Number(limit) - Number(used)),
      reset: leaks ? { waitMs: fullIn, resolutionMs: 1 } : undefined,
      perMs,
      binds: !leaks,
    },
  ];
}

function byParameters(name: string, raw: string, compound: CompoundField & { shape: 'parameters' }): Quota[] {
  if (!name.startsWith(compound.fieldPrefix)) return [];
  const values = membersOf(raw, ';');
  const number = (parameter: string): number | undefined => {
    const text = parameterOf(values, parameter) ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const seconds = number(compound.reset);
  return [
    {
      ...NOTHING_MORE,
      name,
      source: name,
      raw,
      limit: number(compound.limit),
      remaining: number(compound.remaining),
      reset: seconds === undefined ? undefined : { waitMs: seconds * 1000, resolutionMs: 1 },
      scope: compound.scope,
    },
  ];
}

function parameterOf(values: readonly string[], name: string): string | undefined {
  return values.map(nameAndValue).find((parameter) => parameter.name === name)?.value;
}
