import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import { connectBus, createPublisher, type Bus, type BusLogger, type Publisher } from '#bus';
import { declareConsumers, type Envelope } from '#contracts';
import { availableNatsServers } from '../support/real-servers.js';

/** Both where both can be had. */
export const natsVersions: readonly ('oldest' | 'newest')[] =
  (await availableNatsServers()).length > 1 ? ['oldest', 'newest'] : ['newest'];

export interface Corner {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly consumers: ReturnType<typeof declareConsumers>;
  readonly logged: string[];
}

export async function busIn(url: string, namespace = `t${randomBytes(4).toString('hex')}`): Promise<Corner> {
  const logged: string[] = [];
  const bus = await connectBus({ url, namespace, name: 'test', logger: recordingLogger(logged), clock: Date });
  const publisher = createPublisher(bus, { identity: 'test' });
  return { bus, publisher, consumers: declareConsumers(bus.subjects), logged };
}

/** Gives the streams' storage back, which the server sets aside for each of them. */
export async function leave({ bus }: Corner): Promise<void> {
  for await (const { config } of bus.jsm.streams.list())
    if (config.name.includes(`${bus.subjects.namespace}_`)) await bus.jsm.streams.delete(config.name);
  await bus.close();
}

function recordingLogger(lines: string[]): BusLogger {
  const record = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
}

export interface Note extends Envelope {
  readonly n: number;
  readonly path: string;
}

export function note(publisher: Publisher, n: number): Note {
  return { ...publisher.envelope({ cause: 'test' }), n, path: `/items/${n}` };
}

/** What makes a promise of a handler hang until the test says so. */
export function gate(): { open: () => void; opened: Promise<void> } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

export const eventually = <T>(check: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> =>
  vi.waitFor(check, { timeout: timeoutMs, interval: 20 });
