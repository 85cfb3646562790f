import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from './config.js';
import { birthOf, isAlive, send, waitForEnd } from './process-table.js';
import { StackError } from './stack-error.js';
import type { Child, Ending } from './child.js';

/** What a keeper is told on its command line. */
export interface KeptServer {
  command: string;
  args: string[];
  cwd: string;
  user?: { uid: number; gid: number } | undefined;
  /** One after the other until it has ended. */
  stop: { signal: NodeJS.Signals; waitMs: number }[];
}

/** What a keeper tells its launcher. */
export type KeeperNotice =
  | { kind: 'started'; pid: number }
  | { kind: 'failed'; reason: string }
  | { kind: 'ended'; code: number | null; signal: NodeJS.Signals | null };

/** Starts a server under a keeper. The server writes straight into its log file: it must outlive a launcher that was killed by the time of a clean stop. */
export async function spawnKept(server: KeptServer, logFile: string): Promise<Child> {
  const log = openSync(logFile, 'a');
  const keeper = spawn(process.execPath, [keeperPath(), JSON.stringify(server)], {
    stdio: ['pipe', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  keeper.stdin?.on('error', () => undefined); // it ended before its stdin did
  const ended = endingOf(keeper);
  const pid = await startedPid(keeper, server.command);
  const birth = birthOf(pid);
  return {
    pid,
    ended: ended.then((ending) => endOrphan({ pid, birth, server }, ending)),
    askToEnd: () => keeper.stdin?.end(),
    kill: () => send('SIGKILL', pid),
  };
}

function keeperPath(): string {
  const path = join(rootDir, 'dist', 'apps', 'stack', 'src', 'keeper.js');
  if (existsSync(path)) return path;
  throw new StackError('configuration', `expected a build, found no ${path}`, 'run `npm run build`');
}

function startedPid(keeper: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(
        new StackError(
          'platform',
          `expected ${command} to start, found: ${reason}`,
          'see that the file exists, fits this machine and may be run',
        ),
      );
    keeper.once('error', (error) => fail(error.message));
    keeper.once('exit', (code) => fail(`its keeper ended with ${code}`));
    keeper.on('message', (notice: KeeperNotice) => {
      if (notice.kind === 'started') resolve(notice.pid);
      if (notice.kind === 'failed') fail(notice.reason);
    });
  });
}

/** How the server ended, which is more than its keeper's exit code tells. */
function endingOf(keeper: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    let told: Ending | undefined;
    keeper.on('message', (notice: KeeperNotice) => {
      if (notice.kind === 'ended') told = { code: notice.code, signal: notice.signal };
    });
    keeper.once('error', () => resolve({ code: 127, signal: null }));
    keeper.once('close', (code, signal) => resolve(told ?? { code, signal }));
  });
}

// A keeper that was itself killed leaves its server behind, on the port and the data that the next one needs.
async function endOrphan(orphan: { pid: number; birth: string; server: KeptServer }, ending: Ending): Promise<Ending> {
  const { pid, birth, server } = orphan;
  if (!isAlive(pid) || birthOf(pid) !== birth) return ending;
  for (const { signal, waitMs } of server.stop) {
    send(signal, pid);
    if (await waitForEnd(pid, waitMs)) return ending;
  }
  return ending;
}
