import type { Announcement, DeclaredWindow, QuotaReading } from './announcement.js';
import { AnswerBody } from './answer-body.js';
import type { Dialect, WindowFields } from './dialects/dialect.js';
import type { Fields } from './fields.js';
import { countOf, limitFields, pointsOf, policiesOf, quotasOf, type Quota } from './quotas.js';
import { sentAt, type AnswerHead } from './throttle.js';

const NOTHING: Announcement = { quotas: [], windows: [], concurrency: undefined, cost: undefined };

/** All that an answer, throttled or not, says about limits. */
export function readAnnouncement(answer: Omit<AnswerHead, 'status'>, dialect: Dialect): Announcement {
  const { nowMs } = answer;
  const fields = limitFields(answer.fields);
  const points = dialect.points === undefined ? undefined : pointsOf(new AnswerBody(answer), dialect);
  if (fields.length === 0 && points === undefined) return NOTHING;
  const quotas = quotasOf(fields, dialect, sentAt(answer.fields, nowMs));
  const declared = (dialect.structured ?? ['ratelimit']).flatMap((name) => policiesOf(fields, name));
  const windows = declared.flatMap(({ name, limit, perMs, unit }) =>
    unit === 'requests' && perMs !== undefined && perMs > 0 ? [{ name, limit, perMs }] : [],
  );
  return {
    quotas: [...quotas, ...(points === undefined ? [] : [points])].flatMap((quota) => reading(quota, nowMs)),
    windows: [...windows, ...fieldWindows(fields, dialect), ...buckets(quotas)],
    concurrency: declared.find(({ unit }) => unit === 'concurrent-requests')?.limit,
    cost: points?.cost,
  };
}

/** Of what counts something else than calls only this concerns a call: that nothing of it is left. */
function reading(quota: Quota, nowMs: number): QuotaReading[] {
  const { name, remaining, reset } = quota;
  const resetAtMs = reset !== undefined && reset.waitMs > 0 ? nowMs + reset.waitMs : undefined;
  const when = { resetAtMs, resolutionMs: reset?.resolutionMs ?? (1 as const) };
  if (quota.counts === 'tokens')
    return remaining === 0 ? [{ name, limit: undefined, remaining, perMs: undefined, ...when }] : [];
  if (remaining === undefined && resetAtMs === undefined) return [];
  return [{ name, limit: quota.limit, remaining, perMs: quota.perMs, ...when }];
}

function fieldWindows(fields: Fields, { windows = [] }: Dialect): DeclaredWindow[] {
  return windows.flatMap((names) => {
    const [limit, perMs] = [countOf(fields, names.limit), lengthOf(fields, names)];
    return limit !== undefined && limit > 0 && perMs !== undefined && perMs > 0
      ? [{ name: names.limit, limit, perMs }]
      : [];
  });
}

function lengthOf(fields: Fields, { per }: WindowFields): number | undefined {
  if (typeof per === 'number') return per;
  const units = countOf(fields, per.field);
  return units === undefined ? undefined : units * per.unitMs;
}

/** A bucket of `32/40` that leaks in so long admits, as a window of that length, never more than it restores. */
function buckets(quotas: readonly Quota[]): DeclaredWindow[] {
  return quotas.flatMap(({ name, limit, perMs, binds }) =>
    !binds && limit !== undefined && perMs !== undefined ? [{ name, limit, perMs }] : [],
  );
}
