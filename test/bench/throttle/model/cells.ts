import type { GateConfig } from '#core';
import { AwsAdaptive } from './aws-adaptive.js';
import { penstock, type Client } from './client.js';
import { fixedWindow, hostile, slidingWindow, tokenBucket, type Hostile, type LimitAt } from './hostile.js';
import { play, STARTS_AT_MS, type Played, type PlayOptions } from './play.js';
import { seededChance } from './chance.js';

/** One kind of upstream, for a rate and a window length. */
export interface Row {
  readonly name: string;
  readonly headers: boolean;
  upstream(perSecond: number, perMs: number): Hostile;
  /** Undefined: as many calls as are asked for. */
  readonly forMs?: number;
}

export interface Cell {
  readonly row: Row;
  readonly perSecond: number;
  readonly perMs: number;
  readonly roundTripMs: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly calls: number;
  readonly latency?: PlayOptions['latency'];
}

const always =
  (limit: number): LimitAt =>
  () =>
    limit;

/** As it is for 4 min, then every 2 min: half, back, double, back, over and over. */
const CHANGING = [0.5, 1, 2, 1] as const;
const STEADY_MS = 240_000;
const CHANGES_EVERY_MS = 120_000;

function changing(limit: number): LimitAt {
  return (nowMs) => {
    const step = Math.floor((nowMs - STARTS_AT_MS - STEADY_MS) / CHANGES_EVERY_MS);
    return step < 0 ? limit : Math.round(limit * (CHANGING[step % CHANGING.length] ?? 1));
  };
}

/** Half every other 20 s. */
function alternating(limit: number): LimitAt {
  return (nowMs) => Math.round(limit * (Math.floor(nowMs / 20_000) % 2 === 0 ? 1 : 0.5));
}

const limitOf = (perSecond: number, perMs: number): number => Math.round((perSecond * perMs) / 1000);

export const ROWS: readonly Row[] = [
  {
    name: 'fixed, headers in seconds',
    headers: true,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'seconds' }),
  },
  {
    name: 'fixed by first call, headers',
    headers: true,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per, true), { retryAfter: 'seconds', quota: 'seconds' }),
  },
  {
    name: 'fixed, epoch headers',
    headers: true,
    upstream: (r, per) => hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'none', quota: 'epoch' }),
  },
  {
    name: 'fixed, Retry-After',
    headers: false,
    upstream: (r, per) => hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'none' }),
  },
  {
    name: 'fixed, nothing told',
    headers: false,
    upstream: (r, per) => hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'none', quota: 'none' }),
  },
  {
    name: 'sliding, Retry-After',
    headers: false,
    upstream: (r, per) =>
      hostile(slidingWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'none' }),
  },
  {
    name: 'sliding, date',
    headers: false,
    upstream: (r, per) => hostile(slidingWindow(always(limitOf(r, per)), per), { retryAfter: 'date', quota: 'none' }),
  },
  {
    name: 'sliding, nothing told',
    headers: false,
    upstream: (r, per) => hostile(slidingWindow(always(limitOf(r, per)), per), { retryAfter: 'none', quota: 'none' }),
  },
  {
    name: 'bucket of 1 window, Retry-After',
    headers: false,
    upstream: (r, per) => hostile(tokenBucket(always(r), limitOf(r, per)), { retryAfter: 'seconds', quota: 'none' }),
  },
  {
    name: 'bucket of 1 window, nothing told',
    headers: false,
    upstream: (r, per) => hostile(tokenBucket(always(r), limitOf(r, per)), { retryAfter: 'none', quota: 'none' }),
  },
  {
    name: 'always-full header',
    headers: false,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'always-full' }),
  },
  {
    name: 'always-empty header',
    headers: false,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'always-empty' }),
  },
  {
    name: 'far-reset header',
    headers: false,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'far-reset' }),
  },
  {
    name: 'a reset in milliseconds',
    headers: false,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'reset-in-ms' }),
  },
  {
    name: 'alternating sliding',
    headers: false,
    forMs: 600_000,
    upstream: (r, per) =>
      hostile(slidingWindow(alternating(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'none' }),
  },
  {
    name: 'changing sliding',
    headers: false,
    forMs: 720_000,
    upstream: (r, per) =>
      hostile(slidingWindow(changing(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'none' }),
  },
  {
    name: 'changing fixed',
    headers: false,
    forMs: 720_000,
    upstream: (r, per) =>
      hostile(fixedWindow(changing(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'none' }),
  },
  {
    name: 'changing fixed, headers',
    headers: true,
    forMs: 720_000,
    upstream: (r, per) =>
      hostile(fixedWindow(changing(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'seconds' }),
  },
  {
    name: 'ban of 30 s, fixed',
    headers: false,
    forMs: 600_000,
    upstream: (r, per) =>
      hostile(fixedWindow(always(limitOf(r, per)), per), { retryAfter: 'seconds', quota: 'none', banMs: 30_000 }),
  },
  {
    name: 'ban of 30 s, bucket',
    headers: false,
    forMs: 600_000,
    upstream: (r, per) =>
      hostile(tokenBucket(always(r), limitOf(r, per)), { retryAfter: 'seconds', quota: 'none', banMs: 30_000 }),
  },
];

/** `configured`: the gate is told the limit, else it learns it. */
export function playCell(cell: Cell, who: 'configured' | 'learned' | 'aws'): Played & { learned: unknown } {
  const { row, perSecond, perMs, roundTripMs, concurrency, seed, calls } = cell;
  const chance = seededChance(seed);
  const windows: GateConfig['windows'] = who === 'configured' ? [{ limit: limitOf(perSecond, perMs), perMs }] : [];
  const client: Client =
    who === 'aws' ? new AwsAdaptive(concurrency) : penstock({ windows, concurrency }, seededChance(seed + 1));
  const played = play({
    client,
    hostile: row.upstream(perSecond, perMs),
    chance,
    roundTripMs,
    jitter: 0.25,
    ...(cell.latency === undefined ? {} : { latency: cell.latency }),
    usersPerSecond: 0.5,
    calls,
    ...(row.forMs === undefined ? {} : { forMs: row.forMs }),
    afterPauses: who === 'configured' ? 0 : 3,
    warmUpMs: who === 'configured' ? 20_000 : 90_000,
  });
  return { ...played, learned: client.learned?.() };
}
