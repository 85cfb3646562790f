import { beatMs, rowOf, type Mode, type Row, type RowName } from '../rows.js';
import { AwsAdaptive } from './aws-adaptive.js';
import { seededChance } from './chance.js';
import { penstock, type Client } from './client.js';
import {
  fixedWindow,
  hostile,
  slidingWindow,
  tokenBucket,
  type Counter,
  type Hostile,
  type Manners,
} from './hostile.js';
import { play, STARTS_AT_MS, type Played } from './play.js';

const CONCURRENCY = 32;
/** One of them is kept for a next holder. */
const SLOTS_USED = 31;
const WARM_UP_MS = { configured: 5_000, learned: 90_000, ban: 180_000 };
const PAUSES = 3;

/** The upstreams of the bench, as the model knows them. */
const UPSTREAMS: Record<RowName, { kind: 'fixed' | 'sliding' | 'bucket'; manners: Manners; declares?: true }> = {
  'fixed-headers': {
    kind: 'fixed',
    manners: { retryAfter: 'seconds', quota: 'seconds', shuts: true },
    declares: true,
  },
  'fixed-silent': { kind: 'fixed', manners: { retryAfter: 'none', quota: 'none' } },
  bucket: { kind: 'bucket', manners: { retryAfter: 'none', quota: 'none' } },
  sliding: { kind: 'sliding', manners: { retryAfter: 'none', quota: 'none' } },
  'stuck-remaining': { kind: 'fixed', manners: { retryAfter: 'seconds', quota: 'stuck-remaining', shuts: true } },
  'reset-in-ms': {
    kind: 'fixed',
    manners: { retryAfter: 'seconds', quota: 'reset-in-ms', shuts: true },
    declares: true,
  },
  'http-date': { kind: 'sliding', manners: { retryAfter: 'date, up', quota: 'none', shuts: true } },
  github: { kind: 'fixed', manners: { retryAfter: 'date, up', quota: 'epoch', shuts: true } },
  ban: { kind: 'bucket', manners: { retryAfter: 'seconds', quota: 'none', banMs: 30_000 } },
  changing: { kind: 'sliding', manners: { retryAfter: 'seconds', quota: 'none', shuts: true } },
};

/** A row of the bench in virtual time, with its counting, latencies and warm-up; the start lies anywhere in the upstream's windows. */
export function playRow(
  name: RowName,
  mode: Mode,
  who: 'penstock' | 'aws',
  seed: number,
): Played & { learned: unknown } {
  const row = rowOf(name);
  const chance = seededChance(1_000 * seed + 7);
  const windows = mode === 'configured' ? [{ limit: row.limit, perMs: row.perMs }] : [];
  const client: Client =
    who === 'aws'
      ? new AwsAdaptive(CONCURRENCY)
      : penstock({ windows, concurrency: SLOTS_USED }, seededChance(1_000 * seed + 8));
  const played = play({
    client,
    hostile: upstreamOf(row),
    chance,
    roundTripMs: 2,
    jitter: 0.25,
    latency: { p50Ms: 60, p99Ms: 250 },
    stalls: { share: 0.01, mostMs: 40 },
    usersPerSecond: 0,
    calls: Infinity,
    forMs: row.measuredMs - (row.measuredMs % beatMs(row)) + (row.measuredMs % beatMs(row) === 0 ? 0 : beatMs(row)),
    afterPauses: 0,
    warmUpMs: 0,
    judged: {
      tells: row.tells,
      beatMs: beatMs(row),
      pauses: mode === 'learned' ? PAUSES : Infinity,
      withinMs: name === 'ban' && mode === 'learned' ? WARM_UP_MS.ban : WARM_UP_MS[mode],
    },
    startsAtMs: STARTS_AT_MS + chance() * 40_000,
  });
  return { ...played, learned: client.learned?.() };
}

function upstreamOf(row: Row): Hostile {
  const { kind, manners, declares } = UPSTREAMS[row.name];
  const { limit, perMs } = row;
  const said = declares === true ? { ...manners, declares: { limit, perMs } } : manners;
  return hostile(counterOf(row, kind), said);
}

function counterOf({ limit, perMs, shifts }: Row, kind: 'fixed' | 'sliding' | 'bucket'): Counter {
  const factors = shifts?.factors ?? [1];
  const limitAt = (nowMs: number): number =>
    limit * (factors[Math.floor(nowMs / (shifts?.everyMs ?? 1)) % factors.length] ?? 1);
  switch (kind) {
    case 'fixed':
      return fixedWindow(limitAt, perMs);
    case 'sliding':
      return slidingWindow(limitAt, perMs);
    case 'bucket':
      return tokenBucket((nowMs) => (1000 * limitAt(nowMs)) / perMs, limit);
  }
}
