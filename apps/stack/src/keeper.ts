/**
 * Runs one server (PostgreSQL, nats-server) and ends it when the launcher has gone, however it went: a server does not watch
 * for that by itself. The launcher holds the other end of our stdin; when that closes, also after a kill -9, the server is stopped.
 */
import { spawn } from 'node:child_process';
import type { KeptServer, KeeperNotice } from './kept-server.js';

const server = JSON.parse(process.argv[2] ?? '') as KeptServer;
const child = spawn(server.command, server.args, {
  cwd: server.cwd,
  stdio: ['ignore', 'inherit', 'inherit'],
  ...(server.user && { uid: server.user.uid, gid: server.user.gid }),
});

const tell = (notice: KeeperNotice): void => {
  // The launcher may be gone already: then nobody needs to know.
  if (process.connected) process.send?.(notice, undefined, undefined, () => undefined);
};

let stopping = false;

function stop(): void {
  if (stopping) return;
  stopping = true;
  let atMs = 0;
  for (const { signal, waitMs } of server.stop) {
    setTimeout(() => child.kill(signal), atMs);
    atMs += waitMs;
  }
}

child.once('spawn', () => tell({ kind: 'started', pid: child.pid ?? 0 }));
child.once('error', (error) => {
  tell({ kind: 'failed', reason: error.message });
  process.exitCode = 127;
});
child.once('exit', (code, signal) => {
  tell({ kind: 'ended', code, signal });
  process.exit(code ?? 1);
});

// Ctrl-C and a closed terminal are the launcher's to handle: it ends the services first.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', stop);
process.on('disconnect', stop);
process.stdin.on('error', stop);
process.stdin.on('close', stop);
process.stdin.resume();
