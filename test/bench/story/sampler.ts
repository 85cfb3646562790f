import { setTimeout as sleep } from 'node:timers/promises';
import type { CpuMeter } from './cpu-meter.js';
import type { Ages, Judge } from './judge-client.js';

export interface AgeSample {
  atMs: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

export interface Sampling {
  ages: AgeSample[];
  /** At whole minutes of a long run; else in the middle and at the end. */
  databaseBytes: { atMs: number; bytes: number }[];
}

export interface SamplingOrder {
  judge: Judge;
  items: number;
  seconds: number;
  isLong: boolean;
  cpu: CpuMeter;
  databaseBytes: () => Promise<number | null>;
  /** Each second of the measured time. */
  each: (second: number, ages: Ages) => void;
  signal: AbortSignal;
}

/** Looks once a second for the measured time; each look is due at its own second, so that slow looks do not add up. */
export async function sample(order: SamplingOrder): Promise<Sampling> {
  const startedMs = performance.now();
  const sampling: Sampling = { ages: [], databaseBytes: [] };
  for (let second = 1; second <= order.seconds; second += 1) {
    await sleep(Math.max(0, startedMs + second * 1000 - performance.now()), undefined, { signal: order.signal });
    const ages = await order.judge.ages(order.items);
    sampling.ages.push(told(ages, performance.now() - startedMs));
    order.cpu.look();
    order.each(second, ages);
    if (isDatabaseSecond(second, order)) void noteDatabase(order, sampling, second * 1000);
  }
  return sampling;
}

function told({ p50Ms, p95Ms, maxMs }: Ages, atMs: number): AgeSample {
  return { atMs: Math.round(atMs), p50Ms: p50Ms ?? Infinity, p95Ms: p95Ms ?? Infinity, maxMs: maxMs ?? Infinity };
}

/** The end is looked at by the runner, after the load has ended. */
export function isDatabaseSecond(
  second: number,
  { isLong, seconds }: Pick<SamplingOrder, 'isLong' | 'seconds'>,
): boolean {
  return isLong ? second % 60 === 0 : second === Math.floor(seconds / 2);
}

async function noteDatabase(
  { databaseBytes }: SamplingOrder,
  { databaseBytes: noted }: Sampling,
  atMs: number,
): Promise<void> {
  const bytes = await databaseBytes();
  if (bytes !== null) noted.push({ atMs, bytes });
}
