import { setTimeout as sleep } from 'node:timers/promises';
import { sequence } from '../../story/chance.js';
import { AdaptiveRate } from './adaptive-rate.js';
import type { Peer } from './peer.js';

/** The SDKs' defaults: three attempts, 500 ms · 2^n with full jitter for a throttle, 20 s at most. */
const ATTEMPTS = 3;
const THROTTLED_MS = 500;
const LONGEST_MS = 20_000;

/** The limiter in front of every attempt, the SDKs' retries behind it. It knows no Retry-After. */
export const awsAdaptive: Peer = async ({ call, concurrency, known, seed, signal }) => {
  const now = (): number => performance.now() / 1000;
  const rate = new AdaptiveRate(now(), known && (known.limit / known.perMs) * 1000);
  const chance = sequence(seed);
  const rest = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);
  const attempt = async (): Promise<boolean> => {
    const seconds = rate.reserve(now());
    if (seconds > 0) await rest(seconds * 1000);
    if (signal.aborted) return true;
    const { kind } = await call();
    rate.answered(now(), kind === 'throttled');
    return kind === 'answered';
  };
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      for (let n = 0; n < ATTEMPTS && !(await attempt()); n += 1)
        await rest(Math.min(LONGEST_MS, chance() * THROTTLED_MS * 2 ** n));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
};
