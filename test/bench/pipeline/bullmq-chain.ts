// The chain that one would build by hand, in a process of its own: BullMQ, axios, one upsert a job.
import axios from 'axios';
import { Queue, Worker } from 'bullmq';
import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import pg from 'pg';

export interface ChainOrder {
  queue: string;
  redisPort: number;
  postgresUrl: string;
  demoUrl: string;
  items: number;
  concurrency: number;
}

export type ChainMessage = { kind: 'prepare'; order: ChainOrder } | { kind: 'go' };
export type ChainReport = { kind: 'ready' } | { kind: 'done'; failed: number };

const BATCH = 1_000;
const CONNECTIONS = 16;
const UPSERT = `insert into peer_entry (path, etag, body_hash, body, fetched_at) values ($1, $2, $3, $4, $5)
  on conflict (path) do update set etag = excluded.etag, body_hash = excluded.body_hash, body = excluded.body, fetched_at = excluded.fetched_at`;

const report = (message: ChainReport): void => void process.send?.(message);
let go: (() => void) | undefined;

process.on('message', (message: ChainMessage) => {
  if (message.kind === 'go') go?.();
  else
    prepare(message.order).catch((error: unknown) => {
      process.stderr.write(`bullmq chain: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    });
});
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));

/** Everything is open and queued before the clock runs: only the work itself is measured. */
async function prepare(order: ChainOrder): Promise<void> {
  const pool = new pg.Pool({ connectionString: order.postgresUrl, max: CONNECTIONS });
  await pool.query(
    'create table if not exists peer_entry (path text primary key, etag text, body_hash text, body text, fetched_at bigint)',
  );
  const http = axios.create({
    baseURL: order.demoUrl,
    httpAgent: new Agent({ keepAlive: true, maxSockets: order.concurrency }),
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    proxy: false,
  });
  const connection = { host: '127.0.0.1', port: order.redisPort, maxRetriesPerRequest: null };
  const queue = new Queue(order.queue, { connection, defaultJobOptions: { removeOnComplete: true } });
  for (let first = 1; first <= order.items; first += BATCH) await queue.addBulk(jobs(first, order.items));
  const refresh = async (path: string): Promise<void> => {
    const { headers, data } = await http.get<string>(path);
    const hash = createHash('sha256').update(data).digest('hex');
    await pool.query({ name: 'upsert', text: UPSERT, values: [path, headers['etag'], hash, data, Date.now()] });
  };
  const { concurrency } = order;
  const worker = new Worker<{ path: string }>(queue.name, ({ data: { path } }) => refresh(path), {
    connection,
    concurrency,
    autorun: false,
  });
  countDown(worker, order.items);
  go = () => void worker.run();
  report({ kind: 'ready' });
}

function jobs(first: number, items: number): { name: string; data: { path: string } }[] {
  const count = Math.min(BATCH, items - first + 1);
  return Array.from({ length: count }, (_, i) => ({ name: 'refresh', data: { path: `/items/${first + i}` } }));
}

function countDown(worker: Worker<{ path: string }>, items: number): void {
  let left = items;
  let failed = 0;
  const one = (): void => {
    left -= 1;
    if (left === 0) report({ kind: 'done', failed });
  };
  worker.on('completed', one);
  worker.on('failed', () => {
    failed += 1;
    one();
  });
  worker.on('error', (error) => process.stderr.write(`bullmq chain: ${error.message}\n`));
}
