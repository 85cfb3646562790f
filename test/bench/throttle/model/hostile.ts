import type { Announcement, QuotaReading } from '#core';

/** What one arrival at the upstream got. `waitMs`: as its Retry-After told it, undefined where it tells none. */
export interface Verdict {
  readonly taken: boolean;
  readonly waitMs: number | undefined;
  readonly resolutionMs: 1 | 1000;
  /** Without the clock: `resetInMs` is counted from the moment of the answer. */
  readonly quota: { readonly limit: number; readonly remaining: number; readonly resetInMs: number } | undefined;
}

/** An upstream that counts calls as they arrive. */
export interface Hostile {
  arrive(nowMs: number): Verdict;
  /** Calls that it would have taken per second at that time. */
  quotaPerSecond(nowMs: number): number;
  /** What an answer that leaves now tells, where it does not tell what was true at the arrival. */
  quotaTold?(nowMs: number): Verdict['quota'];
  /** The policy that stands beside it. */
  readonly declares?: Manners['declares'];
}

/** How a limit changes with the time. */
export type LimitAt = (nowMs: number) => number;

export interface Counter {
  /** Undefined: taken. Else how long it would have to wait. */
  take(nowMs: number): number | undefined;
  quota(nowMs: number): { limit: number; remaining: number; resetInMs: number };
  quotaPerSecond(nowMs: number): number;
}

/** `byFirstCall`: a window begins with the first call after the last one ended, else with the clock. */
export function fixedWindow(limit: LimitAt, perMs: number, byFirstCall = false): Counter {
  let startMs = -Infinity;
  let count = 0;
  const turn = (nowMs: number): void => {
    if (nowMs - startMs < perMs) return;
    startMs = byFirstCall ? nowMs : Math.floor(nowMs / perMs) * perMs;
    count = 0;
  };
  return {
    take(nowMs) {
      turn(nowMs);
      if (count >= limit(nowMs)) return startMs + perMs - nowMs;
      count += 1;
      return undefined;
    },
    quota(nowMs) {
      turn(nowMs);
      return {
        limit: limit(nowMs),
        remaining: Math.max(0, limit(nowMs) - count),
        resetInMs: startMs + perMs - nowMs,
      };
    },
    quotaPerSecond: (nowMs) => (1000 * limit(nowMs)) / perMs,
  };
}

export function slidingWindow(limit: LimitAt, perMs: number): Counter {
  const log: number[] = [];
  const clean = (nowMs: number): void => {
    while ((log[0] ?? Infinity) + perMs <= nowMs) log.shift();
  };
  return {
    take(nowMs) {
      clean(nowMs);
      if (log.length >= limit(nowMs)) return (log[log.length - limit(nowMs)] ?? nowMs) + perMs - nowMs;
      log.push(nowMs);
      return undefined;
    },
    quota(nowMs) {
      clean(nowMs);
      const remaining = Math.max(0, limit(nowMs) - log.length);
      return { limit: limit(nowMs), remaining, resetInMs: (log[0] ?? nowMs) + perMs - nowMs };
    },
    quotaPerSecond: (nowMs) => (1000 * limit(nowMs)) / perMs,
  };
}

/** `limit`: tokens per second. */
export function tokenBucket(limit: LimitAt, burst: number): Counter {
  let tokens = burst;
  let atMs = 0;
  const fill = (nowMs: number): void => {
    tokens = Math.min(burst, tokens + ((nowMs - atMs) * limit(nowMs)) / 1000);
    atMs = nowMs;
  };
  return {
    take(nowMs) {
      fill(nowMs);
      if (tokens < 1) return (1000 * (1 - tokens)) / limit(nowMs);
      tokens -= 1;
      return undefined;
    },
    quota(nowMs) {
      fill(nowMs);
      const resetInMs = (1000 * (burst - tokens)) / limit(nowMs);
      return { limit: burst, remaining: Math.floor(tokens), resetInMs };
    },
    quotaPerSecond: limit,
  };
}

export interface Manners {
  /** What a refusal tells: nothing, whole seconds (rounded up), a date (cut or rounded up to the second), or milliseconds. */
  readonly retryAfter: 'none' | 'seconds' | 'date' | 'date, up' | 'ms';
  /** What each answer tells of the quota; `wrong` ones mislead. */
  readonly quota:
    'none' | 'seconds' | 'epoch' | 'stuck-remaining' | 'always-full' | 'always-empty' | 'far-reset' | 'reset-in-ms';
  /** Each refusal bans for so long. */
  readonly banMs?: number;
  /** A throttle that tells its end lasts until then: what is told in whole seconds lasts whole seconds. */
  readonly shuts?: boolean;
  /** The answers tell a policy as well. */
  readonly declares?: { readonly limit: number; readonly perMs: number };
}

export function hostile(counter: Counter, manners: Manners): Hostile {
  let bannedUntilMs = 0;
  return {
    quotaPerSecond: (nowMs) => counter.quotaPerSecond(nowMs),
    ...(manners.shuts === true
      ? { quotaTold: (nowMs: number) => told(counter.quota(nowMs), manners.quota, nowMs) }
      : {}),
    ...(manners.declares === undefined ? {} : { declares: manners.declares }),
    arrive(nowMs) {
      const quotaOf = (): Verdict['quota'] => told(counter.quota(nowMs), manners.quota, nowMs);
      if (nowMs < bannedUntilMs) return refusal(bannedUntilMs - nowMs, nowMs, manners, quotaOf());
      const waitMs = counter.take(nowMs);
      if (waitMs === undefined) return { taken: true, waitMs: undefined, resolutionMs: 1, quota: quotaOf() };
      if (manners.banMs !== undefined) bannedUntilMs = nowMs + manners.banMs;
      else if (manners.shuts === true) bannedUntilMs = shutUntil(nowMs + waitMs, nowMs, manners);
      return refusal(Math.max(bannedUntilMs - nowMs, manners.banMs ?? waitMs), nowMs, manners, quotaOf());
    },
  };
}

function shutUntil(untilMs: number, nowMs: number, { retryAfter }: Manners): number {
  switch (retryAfter) {
    case 'none':
      return 0;
    case 'ms':
      return untilMs;
    case 'seconds':
      return nowMs + Math.ceil((untilMs - nowMs) / 1000 - 1e-6) * 1000;
    case 'date':
    case 'date, up':
      return Math.ceil(untilMs / 1000) * 1000;
  }
}

function refusal(waitMs: number, nowMs: number, manners: Manners, quota: Verdict['quota']): Verdict {
  switch (manners.retryAfter) {
    case 'none':
      return { taken: false, waitMs: undefined, resolutionMs: 1, quota };
    case 'ms':
      return { taken: false, waitMs, resolutionMs: 1, quota };
    case 'seconds':
      return { taken: false, waitMs: Math.max(1_000, Math.ceil(waitMs / 1000 - 1e-6) * 1000), resolutionMs: 1, quota };
    case 'date': {
      // Both dates are cut to the second, so the difference may be short by up to one.
      const differenceMs = (Math.floor((nowMs + waitMs) / 1000) - Math.floor(nowMs / 1000)) * 1000;
      return { taken: false, waitMs: differenceMs > 0 ? differenceMs : undefined, resolutionMs: 1000, quota };
    }
    case 'date, up': {
      const differenceMs = (Math.ceil((nowMs + waitMs) / 1000) - Math.floor(nowMs / 1000)) * 1000;
      return { taken: false, waitMs: differenceMs, resolutionMs: 1000, quota };
    }
  }
}

function told(
  quota: { limit: number; remaining: number; resetInMs: number },
  how: Manners['quota'],
  nowMs: number,
): Verdict['quota'] {
  switch (how) {
    case 'none':
      return undefined;
    case 'seconds':
      return { ...quota, resetInMs: Math.ceil(quota.resetInMs / 1000) * 1000 };
    case 'epoch':
      return { ...quota, resetInMs: epochResetMs(quota.resetInMs, nowMs) };
    case 'stuck-remaining':
      return { limit: quota.limit, remaining: quota.limit, resetInMs: epochResetMs(quota.resetInMs, nowMs) };
    case 'always-full':
      return { limit: quota.limit, remaining: quota.limit, resetInMs: 1_000 };
    case 'always-empty':
      return { limit: 0, remaining: 0, resetInMs: 3_600_000 };
    case 'reset-in-ms':
      // Milliseconds where seconds are meant.
      return { ...quota, resetInMs: 1000 * Math.ceil(quota.resetInMs) };
    case 'far-reset':
      return { ...quota, resetInMs: 3_600_000 };
  }
}

/** Epoch seconds rounded up, against the answer's own Date, which is cut to the second. */
function epochResetMs(resetInMs: number, nowMs: number): number {
  return (Math.ceil((nowMs + resetInMs) / 1000) - Math.floor(nowMs / 1000)) * 1000;
}

/** What the answer to that arrival tells when it leaves. */
export function announcementOf(upstream: Hostile, verdict: Verdict, nowMs: number): Announcement | undefined {
  const { declares } = upstream;
  const quota = upstream.quotaTold === undefined ? verdict.quota : upstream.quotaTold(nowMs);
  if (quota === undefined) return undefined;
  const reading: QuotaReading = {
    name: 'x-ratelimit',
    limit: quota.limit,
    remaining: quota.remaining,
    resetAtMs: nowMs + quota.resetInMs,
    resolutionMs: declares === undefined ? 1000 : 1,
    perMs: declares?.perMs,
  };
  const windows = declares === undefined ? [] : [{ name: 'x-ratelimit', ...declares }];
  return { quotas: [reading], windows, concurrency: undefined, cost: undefined };
}
