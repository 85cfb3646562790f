import { createHash } from 'node:crypto';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Entry, Version } from '#core';
import { createEntryRepository, createEntryWriter, openStore, type EntryWrite, type Store } from '#store';
import { freshDatabase } from '../support/servers.js';

const silence = (): void => undefined;

export interface Opening {
  say?: (message: string) => void;
  schema?: string;
  poolSize?: number;
}

export function openAt(
  url: string,
  { schema = 'penstock', poolSize = 4, say = silence }: Opening = {},
): Promise<Store> {
  const tell = (_: object, message: string): void => say(message);
  const logger = { info: tell, warn: tell, error: tell };
  return openStore({ url, schema, applicationName: 'test', poolSize, logger });
}

export interface Corner {
  readonly url: string;
  readonly store: Store;
  readonly writer: ReturnType<typeof createEntryWriter>;
  readonly repository: ReturnType<typeof createEntryRepository>;
  /** Any statement, for what the store offers no function for. */
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export async function storeIn(name: string, opening?: Opening): Promise<Corner> {
  const url = await freshDatabase(name);
  return cornerAt(url, await openAt(url, opening));
}

export function cornerAt(url: string, store: Store): Corner {
  return {
    url,
    store,
    writer: createEntryWriter(store),
    repository: createEntryRepository(store),
    sql: (text, values = []) => store.dataSource.query(text, [...values]),
  };
}

export const at = (fence: number, send: number): Version => ({ fence, send });

export function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

export function entryWith(key: string, version: Version, body: string, more: Partial<Entry> = {}): Entry {
  return {
    key,
    urlHash: `url-${key}`,
    upstream: 'crm',
    path: `/items/${key}`,
    partition: 'shared',
    variant: '',
    vary: [],
    version,
    status: 200,
    fields: [['content-type', 'application/json']],
    requestedAt: 1_000,
    receivedAt: 1_010,
    bodyHash: hashOf(body),
    bodyBytes: Buffer.byteLength(body),
    lifetimeMs: 100,
    initialAgeMs: 0,
    graceMs: 100,
    keepMs: 100,
    ...more,
  };
}

/** An answer with its body. */
export function answer(key: string, version: Version, body: string, more: Partial<Entry> = {}): EntryWrite {
  return { entry: entryWith(key, version, body, more), requestFields: [], body: Buffer.from(body) };
}

/** What a 304 makes: the same body, known to be stored. */
export function renewal(key: string, version: Version, body: string, more: Partial<Entry> = {}): EntryWrite {
  return { ...answer(key, version, body, more), body: undefined };
}

/** A row that PostgreSQL takes for no reason but its own: the number does not fit the column. */
export function badAnswer(key: string): EntryWrite {
  return answer(key, at(1, 1), 'bad', { bodyBytes: 2 ** 40 });
}

export interface Gate {
  /** The URL that leads through the gate. */
  readonly url: string;
  /** Every connection breaks, and none is let in. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** A door before PostgreSQL that a test can shut: from behind it the server is away. */
export async function gateBefore(serverUrl: string): Promise<Gate> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const admit = (client: Socket): void => {
    const server = createConnection(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', silence).once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  };
  let door: Server = await listening(admit, 0);
  const { port } = door.address() as { port: number };
  const url = new URL(serverUrl);
  url.port = String(port);
  return {
    url: url.href,
    close: async () => {
      const closed = once(door, 'close');
      door.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: async () => {
      door = await listening(admit, port);
    },
  };
}

async function listening(admit: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer(admit).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
