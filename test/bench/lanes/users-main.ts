// A process of its own: what else the runner does must not show in the users' times.
import type { Samples } from './added.js';
import { runUsers, type UsersOrder } from './users.js';

export type UsersMessage = Omit<UsersOrder, 'signal'>;
export type UsersReport = Samples;

const over = new AbortController();
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.once('message', (order: UsersMessage) => {
  runUsers({ ...order, signal: over.signal })
    .then((samples: UsersReport) => process.send?.(samples))
    .catch((error: unknown) => {
      process.stderr.write(`users: ${String(error)}\n`);
      process.exit(1);
    });
});
