import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is yes. Rejects when `signal` aborts. */
export async function until(ask: (signal: AbortSignal) => Promise<boolean>, signal: AbortSignal, everyMs = 50): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await ask(signal).catch(() => false)) return;
    await sleep(everyMs, undefined, { signal });
  }
}

export async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) });
  await response.arrayBuffer();
  return response.ok;
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
