import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pidFileOf } from './nats.js';
import { commandOf, isAlive, send, waitForEnd } from './process-table.js';

/**
 * After a kill -9 of the launcher its keepers stop the servers within a moment; if a keeper was killed too, its server still
 * runs. Either way the data must be free before a new server opens it. Call only with the folder's lock held.
 */
export async function clearLeftServers(postgresDir: string, natsDir: string): Promise<void> {
  await Promise.all([
    clear({ pidFile: join(postgresDir, 'postmaster.pid'), mark: postgresDir, signal: 'SIGINT' }),
    clear({ pidFile: pidFileOf(natsDir), mark: natsDir, signal: 'SIGTERM' }),
  ]);
}

interface Left {
  pidFile: string;
  /** Stands in its command line, and so tells it from a stranger with the same pid. */
  mark: string;
  signal: NodeJS.Signals;
}

async function clear({ pidFile, mark, signal }: Left): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  const isOurs = (): boolean => isAlive(pid) && commandOf(pid).includes(mark);
  if (pid > 1 && isOurs() && !(await waitForEnd(pid, 3_000))) {
    send(signal, pid);
    if (!(await waitForEnd(pid, 3_000)) && isOurs()) send('SIGKILL', pid);
    await waitForEnd(pid, 2_000);
  }
  // A stale pid file with a pid that is alive again would keep PostgreSQL from starting.
  rmSync(pidFile, { force: true });
}
