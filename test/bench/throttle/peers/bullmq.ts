import { Queue, Worker } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';
import { UNSAID_WAIT_MS } from './answers.js';
import type { Peer } from './peer.js';

const BACKLOG = 2_000;
/** A limiter must be there for the manual one to be looked at; this one never bites. */
const UNKNOWN = { max: 1_000_000, duration: 1_000 };

/** The limiter where the limit is known; on a throttle the documented manual rate limit, which gives the job back. */
export const bullmq: Peer = async ({ cell, call, concurrency, known, redisPort, signal }) => {
  const connection = { host: '127.0.0.1', port: redisPort ?? 6379, maxRetriesPerRequest: null };
  const queue = new Queue(cell, {
    connection,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  const worker = new Worker(
    cell,
    async () => {
      const outcome = await call();
      if (outcome.kind === 'answered') return;
      await queue.rateLimit(Math.max(1, Math.ceil(outcome.waitMs ?? UNSAID_WAIT_MS)));
      throw Worker.RateLimitError();
    },
    { connection, concurrency, limiter: known ? { max: known.limit, duration: known.perMs } : UNKNOWN },
  );
  worker.on('error', () => undefined); // it goes on by itself
  while (!signal.aborted) {
    const waiting = await queue.getJobCountByTypes('waiting', 'prioritized', 'delayed');
    if (waiting < BACKLOG / 2) await queue.addBulk(Array.from({ length: BACKLOG }, () => ({ name: 'call', data: {} })));
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
  await worker.close(true);
  await queue.obliterate({ force: true }).catch(() => undefined);
  await queue.close();
};
