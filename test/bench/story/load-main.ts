// A process of its own for the load: the runner's event loop must not show in the users' times, nor the poller's in theirs.
import { penstockCaller, plainCaller, type Caller } from './callers.js';
import type { LoadOrder, LoadReport, Target } from './load-messages.js';
import { Poller } from './poller.js';
import { Users } from './users.js';

let users: Users | undefined;
let poller: Poller | undefined;

const report = (message: LoadReport): void => void process.send?.(message);

process.on('message', (order: LoadOrder) => {
  obey(order).catch((error: unknown) => {
    process.stderr.write(`load: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
});
// Ctrl-C reaches the whole group: the runner decides when the load ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));

async function obey(order: LoadOrder): Promise<void> {
  switch (order.kind) {
    case 'users':
      users = new Users(callerFor(order.target), order);
      setInterval(() => users && report({ kind: 'progress', ...users.progress }), 1_000).unref();
      return;
    case 'poll':
      poller = new Poller(callerFor(order.target), order);
      return;
    case 'measure':
      return users?.measure();
    case 'finish':
      poller?.finish();
      if (users !== undefined) report({ kind: 'result', result: await users.finish() });
  }
}

function callerFor({ kind, origin }: Target): Caller {
  return kind === 'penstock' ? penstockCaller(origin) : plainCaller(origin);
}
