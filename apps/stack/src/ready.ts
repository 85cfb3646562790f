import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is yes. Rejects when `signal` aborts. */
export async function until(
  ask: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
  everyMs = 50,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await ask(signal).catch(() => false)) return;
    await sleep(everyMs, undefined, { signal });
  }
}

/**
 * A signal that also aborts after a time. Not AbortSignal.any with AbortSignal.timeout: in Node 20 what they give can be
 * collected as garbage before it has fired, and whoever waits for it waits for ever.
 */
export async function within<T>(
  patienceMs: number,
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new AbortController();
  const abort = (): void => limited.abort(signal.reason);
  const timer = setTimeout(() => limited.abort(new Error(`not within ${patienceMs} ms`)), patienceMs);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await work(limited.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

export function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  return within(2_000, signal, async (limited) => {
    const response = await fetch(url, { signal: limited });
    await response.arrayBuffer();
    return response.ok;
  });
}

/** What a NATS server says first to anyone who connects, or undefined. Plain text also where TLS follows. */
export function natsGreeting(url: string): Promise<{ version: string; jetstream: boolean } | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 4222 });
    let text = '';
    const finish = (): void => {
      socket.destroy();
      resolve(parseGreeting(text));
    };
    socket.setTimeout(2_000, finish);
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\r\n')) finish();
    });
  });
}

function parseGreeting(text: string): { version: string; jetstream: boolean } | undefined {
  const json = /^INFO (\{.*\})/.exec(text)?.[1];
  if (!json) return undefined;
  const greeting = JSON.parse(json) as { version?: string; jetstream?: boolean };
  return { version: greeting.version ?? 'unknown', jetstream: greeting.jetstream === true };
}
