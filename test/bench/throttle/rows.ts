export const ROWS = [
  'fixed-headers',
  'fixed-silent',
  'bucket',
  'sliding',
  'stuck-remaining',
  'reset-in-ms',
  'http-date',
  'github',
  'ban',
  'changing',
] as const;
export type RowName = (typeof ROWS)[number];
export const MODES = ['configured', 'learned'] as const;
export type Mode = (typeof MODES)[number];

/** One hostile upstream: how it limits, what it tells, and how well Penstock must do there. */
export interface Row {
  name: RowName;
  title: string;
  limit: number;
  perMs: number;
  /** Spans of another limit, end to end on the judge's clock. */
  shifts?: { everyMs: number; factors: number[] };
  /** Merged over the profile that all rows have. */
  profile: object;
  /** Of Penstock's configuration, in both modes: which vendor it is. */
  dialect?: string;
  /** Whether a throttle tells when to come back. */
  tells: boolean;
  measuredMs: number;
}

const CALLS = 10_600;
const RATE = 100;
const MEASURED_MS = (CALLS / RATE) * 1000;
const BAN_RATE = 20;
const BAN_MS = 600_000;
const SHIFTS = { everyMs: 20_000, factors: [1, 0.5] };

type Kind = 'fixed' | 'sliding' | 'bucket';
const limits = (kind: Kind, perMs: number, rate = RATE): { limits: { windows: object[] } } => ({
  limits: { windows: [{ limit: (rate * perMs) / 1000, perMs, kind }] },
});
const row = (name: RowName, title: string, perMs: number, rest: Partial<Row> & { profile: object }): Row => ({
  name,
  title,
  limit: (RATE * perMs) / 1000,
  perMs,
  tells: true,
  measuredMs: MEASURED_MS,
  ...rest,
});

const ALL: Record<RowName, Row> = {
  'fixed-headers': row('fixed-headers', 'fixed window of 5 s, RateLimit fields, Retry-After', 5_000, {
    profile: { ...limits('fixed', 5_000), dialect: 'seconds', announce: 'ratelimit' },
  }),
  'fixed-silent': row('fixed-silent', 'fixed window of 5 s, a bare 429', 5_000, {
    profile: { ...limits('fixed', 5_000), dialect: 'none' },
    tells: false,
  }),
  bucket: row('bucket', 'token bucket of 2 s, a bare 429', 2_000, {
    profile: { ...limits('bucket', 2_000), dialect: 'none' },
    tells: false,
  }),
  sliding: row('sliding', 'sliding window of 2 s, a bare 429', 2_000, {
    profile: { ...limits('sliding', 2_000), dialect: 'none' },
    tells: false,
  }),
  'stuck-remaining': row('stuck-remaining', 'fixed window of 5 s, a remaining that never falls, Retry-After', 5_000, {
    profile: {
      ...limits('fixed', 5_000),
      dialect: 'seconds',
      announce: 'x-ratelimit',
      announceFault: 'remaining-stuck',
    },
  }),
  'reset-in-ms': row('reset-in-ms', 'fixed window of 5 s, a reset in ms where s is meant, Retry-After', 5_000, {
    profile: { ...limits('fixed', 5_000), dialect: 'seconds', announce: 'ratelimit', announceFault: 'reset-in-ms' },
  }),
  'http-date': row('http-date', 'sliding window of 2 s, Retry-After as a date', 2_000, {
    profile: { ...limits('sliding', 2_000), dialect: 'date' },
  }),
  github: row('github', 'fixed window of 10 s, 403 with X-RateLimit-Reset, as GitHub', 10_000, {
    profile: { ...limits('fixed', 10_000), dialect: 'github', announce: 'x-ratelimit' },
    dialect: 'github',
  }),
  ban: row('ban', 'token bucket of 1 s, every throttle is a ban of 30 s', 1_000, {
    limit: BAN_RATE,
    profile: { ...limits('bucket', 1_000, BAN_RATE), dialect: 'seconds', ban: { forMs: 30_000, on: 'throttle' } },
    measuredMs: BAN_MS,
  }),
  changing: row('changing', 'sliding window of 1 s whose limit halves and doubles every 20 s, Retry-After', 1_000, {
    shifts: SHIFTS,
    profile: {
      limits: { ...limits('sliding', 1_000).limits, shifts: SHIFTS },
      dialect: 'seconds',
    },
    measuredMs: 160_000,
  }),
};

export function rowOf(name: RowName): Row {
  return ALL[name];
}

/** What everybody meets alike: small answers that never change, quick and never quite even. */
export const ITEMS = 500;
export function profileOf({ profile }: Row, seed: number): object {
  return {
    seed,
    items: ITEMS,
    content: { medianBytes: 400, sigma: 0.2, minBytes: 300, maxBytes: 600 },
    changes: { frozenShare: 1 },
    cacheControl: [],
    latency: { p50Ms: 60, p99Ms: 250, throttledMs: 2 },
    ...profile,
  };
}

/** Measured time begins on such a beat of the judge's clock and lasts whole ones: no part of a window is counted. */
export function beatMs({ perMs, shifts }: Row): number {
  return shifts === undefined ? perMs : shifts.everyMs * shifts.factors.length;
}

/** What the upstream would have let in, at most, in whole beats. */
export function quotaOf({ limit, perMs, shifts }: Row, forMs: number): number {
  const factors = shifts?.factors ?? [1];
  return ((limit * forMs) / perMs) * (factors.reduce((sum, factor) => sum + factor, 0) / factors.length);
}

/** The rate at an instant of the judge's clock, in calls per ms. */
export function rateAt({ limit, perMs, shifts }: Row, atMs: number): number {
  const factor = shifts?.factors[Math.floor(atMs / shifts.everyMs) % shifts.factors.length] ?? 1;
  return (limit * factor) / perMs;
}
