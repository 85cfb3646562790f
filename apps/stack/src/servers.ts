import { join } from 'node:path';
import { spawnKept } from './kept-server.js';
import { lastLines, turnLargeLog } from './log-file.js';
import { natsUrl, prepareNats } from './nats.js';
import { ensureDatabase, postgresAnswers, postgresUrl, preparePostgres } from './postgres.js';
import type { Progress } from './progress.js';
import { natsGreeting, until, within } from './ready.js';
import { StackError } from './stack-error.js';
import { Supervised } from './supervised.js';

export interface ServerPlace {
  dataDir: string;
  logDir: string;
  port: number;
}

// The keeper's own steps (3 s) come first.
const graceMs = 3_500;

export function postgresServer(
  place: ServerPlace & { durable: boolean },
  progress: Progress,
): { url: string; server: Supervised } {
  const logFile = join(place.logDir, 'postgres.log');
  turnLargeLog(logFile);
  const server = new Supervised(
    {
      name: 'postgres',
      spawn: async () => spawnKept(await preparePostgres(place), logFile),
      ready: async (signal) => {
        await until(() => postgresAnswers(postgresUrl(place.port, 'postgres')), signal);
        await ensureDatabase(postgresUrl(place.port, 'postgres'), 'penstock');
      },
      lastWords: () => lastLines(logFile, 8),
      graceMs,
    },
    progress,
  );
  return { url: postgresUrl(place.port), server };
}

export function natsServer(
  place: ServerPlace & { binary: string },
  progress: Progress,
): { url: string; server: Supervised } {
  const logFile = join(place.logDir, 'nats-server.log');
  turnLargeLog(logFile);
  const url = natsUrl(place.port);
  const server = new Supervised(
    {
      name: 'nats-server',
      spawn: () => spawnKept(prepareNats({ ...place, storeDir: place.dataDir }), logFile),
      ready: (signal) => until(async () => (await natsGreeting(url))?.jetstream === true, signal),
      lastWords: () => lastLines(logFile, 8),
      graceMs,
    },
    progress,
  );
  return { url, server };
}

/** The user's own servers are asked once, so that a wrong URL is told here and not four times by the services. */
export async function requirePostgres(url: string, signal: AbortSignal, patienceMs = 10_000): Promise<void> {
  let refusal: unknown;
  const ask = (): Promise<boolean> => postgresAnswers(url).catch((error: unknown) => ((refusal = error), false));
  await within(patienceMs, signal, (limited) => until(ask, limited, 250)).catch(() => {
    signal.throwIfAborted();
    throw unreachable('PENSTOCK_POSTGRES_URL', 'a PostgreSQL that answers', url, refusal);
  });
}

export async function requireNats(urls: string, signal: AbortSignal, patienceMs = 10_000): Promise<void> {
  const all = urls.split(',').map((url) => url.trim());
  const ask = async (): Promise<boolean> =>
    (await Promise.all(all.map(natsGreeting))).some((greeting) => greeting?.jetstream);
  await within(patienceMs, signal, (limited) => until(ask, limited, 250)).catch(() => {
    signal.throwIfAborted();
    throw unreachable('PENSTOCK_NATS_URL', 'a NATS server with JetStream', all[0] ?? '', undefined);
  });
}

function unreachable(variable: string, expected: string, url: string, cause: unknown): StackError {
  const found = cause instanceof Error ? cause.message || cause.name : 'none in time';
  return new StackError(
    'configuration',
    `${variable}: expected ${expected} at ${new URL(url).host}, found: ${found}`,
    `start it, correct ${variable}, or unset it to use the embedded server`,
    cause,
  );
}
