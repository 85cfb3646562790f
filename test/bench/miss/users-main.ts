// A process of its own: what else the runner does must not show in the users' times.
import { Agent } from 'undici';
import { runHerd, runLoad, type HerdOrder, type HerdTimes, type LoadOrder, type LoadTimes } from './users.js';

export type UsersMessage = { kind: 'load'; order: LoadOrder } | { kind: 'herd'; order: HerdOrder };
export type UsersReport =
  { kind: 'load'; times: LoadTimes } | { kind: 'herd'; times: HerdTimes } | { kind: 'failed'; reason: string };

const herd = new Agent({ pipelining: 1, headersTimeout: 30_000, keepAliveTimeout: 60_000 });

async function obey(message: UsersMessage): Promise<UsersReport> {
  if (message.kind === 'load') return { kind: 'load', times: await runLoad(message.order) };
  return { kind: 'herd', times: await runHerd(herd, message.order) };
}

process.on('message', (message: UsersMessage) => {
  obey(message)
    .catch((error: unknown): UsersReport => ({ kind: 'failed', reason: String(error) }))
    .then((report) => process.send?.(report))
    .catch(() => process.exit(1));
});
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
