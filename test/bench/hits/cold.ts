import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyOf, SHARED_PARTITION, urlHashOf, urlOf, type Entry } from '#core';
import { createEntryWriter, openStore, type EntryWrite } from '#store';
import type { TestStack } from '../../support/stack.js';
import { pin, SERVER_CORE } from '../rig/pinning.js';
import type { Surroundings } from '../rig/runner.js';
import type { Servers } from '../rig/servers.js';
import type { Measured, Wrk } from '../rig/wrk.js';
import { bodyOf, CONTENT_TYPE, pathOf } from './bodies.js';
import type { Options } from './options.js';
import { openPenstock, sourceUrl, UPSTREAM } from './penstock.js';
import { memoryOf } from './warm.js';

export interface ColdFigures {
  entries: number;
  /** From the start of the process to its first answer, a hit out of PostgreSQL. */
  firstHitMs: number;
  /** While nearly every key is asked for the first time: answers come out of PostgreSQL. */
  throughStore: Measured;
  /** Of all that were asked then. */
  hitShare: number;
  upstreamCalls: number;
  /** After everything was asked for: what the process took more for each entry, and what it says that each takes. */
  bytesPerEntry: number | null;
  countedBytesPerEntry: number | null;
}

export interface ColdOrder {
  options: Options;
  own: Surroundings;
  servers: Servers;
  wrk: Wrk;
  sourcePort: number;
}

const NAMESPACE = 'cold';
const BODY_BYTES = 1_000;
const BATCH = 500;
const CONNECTIONS = 16;
const DAY_MS = 86_400_000;

/** 100,000 entries are stored; cache-api starts with an empty memory. */
export async function coldStart(order: ColdOrder): Promise<ColdFigures> {
  const { own, options, servers, sourcePort } = order;
  own.progress.step(`cold start: storing ${options.cold} entries`);
  await storeEntries(order);
  const stack = await openPenstock({ servers, own, sourcePort, namespace: NAMESPACE, profileDir: undefined });
  try {
    await stack.halt('cache-api');
    const firstHitMs = await untilFirstHit(stack, own.signal);
    pin(stack.pid('cache-api'), SERVER_CORE);
    return { entries: options.cold, firstHitMs, ...(await asked(stack, order)) };
  } finally {
    await stack.stop();
  }
}

async function asked(
  stack: TestStack,
  { options, own, wrk }: ColdOrder,
): Promise<Omit<ColdFigures, 'entries' | 'firstHitMs'>> {
  const place = { url: stack.dataUrl, prefix: `/${UPSTREAM}/${BODY_BYTES}/`, keys: options.cold };
  const before = memoryOf(stack.pid('cache-api'));
  const heldBefore = await told(stack, HELD_BYTES);
  own.progress.step('cold start: asking for what only PostgreSQL has');
  const throughStore = await wrk.run({ ...place, connections: CONNECTIONS, seconds: options.seconds });
  const [hits, all] = [await told(stack, HITS), await told(stack, ANSWERS)];
  // Every key once, in order: then the process holds all that fits.
  for (let n = 1; n <= options.cold; n += CONNECTIONS)
    await Promise.all(
      Array.from({ length: Math.min(CONNECTIONS, options.cold - n + 1) }, (_, i) =>
        statusOf(`${stack.dataUrl}/${UPSTREAM}${pathOf(BODY_BYTES, n + i)}`),
      ),
    );
  const after = memoryOf(stack.pid('cache-api'));
  const held = (await told(stack, HELD_BYTES)) - heldBefore;
  return {
    throughStore,
    hitShare: all === 0 ? 0 : hits / all,
    upstreamCalls: all - hits,
    bytesPerEntry: before === undefined || after === undefined ? null : (after - before) / options.cold,
    countedBytesPerEntry: held / options.cold,
  };
}

const HELD_BYTES = /^penstock_memory_entry_bytes\{.*\} (\d+)$/gm;
const HITS = /^penstock_answers_total\{.*outcome="(?:hit|stale)".*\} (\d+)$/gm;
const ANSWERS = /^penstock_answers_total\{.*\} (\d+)$/gm;

async function told({ adminUrl }: TestStack, line: RegExp): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return [...text.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);
}

const LOOK_MS = 5;
const FIRST_HIT_WITHIN_MS = 60_000;

async function untilFirstHit(stack: TestStack, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const started = stack.start('cache-api');
  started.catch(() => undefined); // it is awaited below, and told there
  const url = `${stack.dataUrl}/${UPSTREAM}${pathOf(BODY_BYTES, 1)}`;
  while ((await statusOf(url).catch(() => 0)) !== 200) {
    if (performance.now() - startedMs > FIRST_HIT_WITHIN_MS)
      throw new Error('expected a first hit within a minute, found none');
    await sleep(LOOK_MS, undefined, { signal });
  }
  const firstHitMs = performance.now() - startedMs;
  await started;
  return firstHitMs;
}

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', reject);
  });
}

async function storeEntries({ options, servers, sourcePort, own }: ColdOrder): Promise<void> {
  const say = (_: object, line: string): void => own.progress.step(line);
  const store = await openStore({
    url: servers.postgresUrl,
    schema: NAMESPACE,
    applicationName: 'bench',
    poolSize: 2,
    logger: { info: () => undefined, warn: say, error: say },
  });
  try {
    const writer = createEntryWriter(store);
    for (let from = 1; from <= options.cold; from += BATCH) {
      own.signal.throwIfAborted();
      const count = Math.min(BATCH, options.cold - from + 1);
      await writer.writeEntries(Array.from({ length: count }, (_, i) => writeOf(from + i, sourceUrl(sourcePort))));
    }
  } finally {
    await store.close();
  }
}

function writeOf(n: number, base: string): EntryWrite {
  const path = pathOf(BODY_BYTES, n);
  const url = urlOf(base, path);
  const body = bodyOf(BODY_BYTES, n);
  const at = Date.now();
  const entry: Entry = {
    ...{ path, upstream: UPSTREAM, partition: SHARED_PARTITION, variant: '', vary: [] },
    key: keyOf({ upstream: UPSTREAM, url, partition: SHARED_PARTITION, variant: '' }),
    urlHash: urlHashOf(UPSTREAM, url),
    version: { fence: 0, send: n },
    status: 200,
    fields: [
      ['Content-Type', CONTENT_TYPE],
      ['Content-Length', String(body.byteLength)],
      ['Cache-Control', 'max-age=86400'],
      ['ETag', `"${BODY_BYTES}-${n}"`],
      ['Date', new Date(at).toUTCString()],
    ],
    ...{ requestedAt: at, receivedAt: at, initialAgeMs: 0, lifetimeMs: DAY_MS, graceMs: DAY_MS, keepMs: DAY_MS },
    bodyHash: createHash('sha256').update(body).digest('hex'),
    bodyBytes: body.byteLength,
    etag: `"${BODY_BYTES}-${n}"`,
  };
  return { entry, requestFields: [], body };
}
