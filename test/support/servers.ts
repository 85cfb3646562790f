import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { ensureDatabase, withClient } from '../../apps/stack/src/postgres.js';
// Brings the type of `inject('servers')`.
import type {} from './global-setup.js';

export { availableNatsServers, startNats, startPostgres, type NatsOptions, type RealServer } from './real-servers.js';

/** The servers of this run, made by global-setup.ts. */
export function testServers(): { postgresUrl: string; natsUrl: string } {
  return inject('servers');
}

const made: string[] = [];

/** A database of the test file's own: its URL. Dropped after the file, and kept for a look when a test of it failed. */
export async function freshDatabase(name: string): Promise<string> {
  const url = new URL(testServers().postgresUrl);
  const database = `t_${name.replace(/[^a-z0-9]+/gi, '_').toLowerCase()}_${mark()}`.slice(0, 63);
  await ensureDatabase(admin(), database);
  made.push(database);
  url.pathname = `/${database}`;
  return url.href;
}

/** A namespace of the test's own: first token of its subjects, prefix of its streams, its schema. */
export function freshNamespace(): string {
  return `t${mark()}`;
}

afterAll(async ({}, suite) => {
  const failed = suite.tasks.some(hasFailed);
  for (const database of made.splice(0)) {
    if (failed) process.stderr.write(`kept for a look: database ${database}\n`);
    else await drop(database);
  }
});

interface Outcome {
  result?: { state?: string } | undefined;
  tasks?: Outcome[];
}

function hasFailed(task: Outcome): boolean {
  return task.result?.state === 'fail' || (task.tasks ?? []).some(hasFailed);
}

async function drop(database: string): Promise<void> {
  await withClient(admin(), (client) =>
    client.query(`drop database ${client.escapeIdentifier(database)} with (force)`),
  );
}

function admin(): string {
  return new URL('/postgres', testServers().postgresUrl).href;
}

function mark(): string {
  return randomBytes(4).toString('hex');
}
