import { createHash } from 'node:crypto';
import { keyOf, urlHashOf, type Version } from '#core';
import { parseConfig, type EventPayloads, type ResourceRef, type UpstreamConfig, type UpstreamState } from '#contracts';
import { createEntryWriter, createUpstreamWriter, openStore, type Store } from '#store';
import { startStack, type TestStack } from '../support/stack.js';
import type { Corner } from './bus-fixture.js';

export const UPSTREAM = 'crm';
const BASE_URL = 'http://crm.example';

const silence = (): void => undefined;

/** The store that the services of this corner use. */
export async function storeOf({ bus }: Corner, url: string): Promise<Store> {
  const logger = { info: silence, warn: silence, error: silence };
  return openStore({ url, schema: bus.subjects.namespace, applicationName: 'test', poolSize: 4, logger });
}

/** So many processes of one app, and nothing besides. */
export async function startOnly(
  app: 'scheduler' | 'refresher' | 'dispatcher',
  { corner, replicas = 1, ...servers }: { corner: Corner; natsUrl: string; postgresUrl: string; replicas?: number },
): Promise<TestStack> {
  const none = { 'cache-api': 0, scheduler: 0, refresher: 0, dispatcher: 0 };
  const { namespace } = corner.bus.subjects;
  return startStack({ ...servers, namespace, config: '', demo: false, replicas: { ...none, [app]: replicas } });
}

export function upstreamConfig(refresh: string): UpstreamConfig {
  const text = `upstreams: { ${UPSTREAM}: { baseUrl: '${BASE_URL}', refresh: ${refresh} } }`;
  const parsed = parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
  if (parsed.kind !== 'valid') throw new Error(`expected a valid configuration: ${text}`);
  const config = parsed.config.upstreams.get(UPSTREAM);
  if (config === undefined) throw new Error(`expected the upstream ${UPSTREAM}`);
  return config;
}

export async function configure(store: Store, config: UpstreamConfig): Promise<void> {
  await createUpstreamWriter(store).applyConfig(new Map([[UPSTREAM, config]]));
}

export function refOf(path: string, baseUrl = BASE_URL): ResourceRef {
  const url = baseUrl + path;
  const key = keyOf({ upstream: UPSTREAM, url, partition: 'shared', variant: '' });
  return { upstream: UPSTREAM, path, key, urlHash: urlHashOf(UPSTREAM, url), partition: 'shared', variant: '' };
}

/** Writes an entry as the dispatcher does, and answers what it would tell of it. */
export async function keepEntry(
  store: Store,
  path: string,
  { version, etag, requestedAt = Date.now() }: { version: Version; etag?: string; requestedAt?: number },
): Promise<EventPayloads['entry.stored']> {
  const body = new TextEncoder().encode(`${path} ${version.send}`);
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const times = { requestedAt, receivedAt: requestedAt + 5, lifetimeMs: 1_000 };
  const told = { ...refOf(path), ...times, version, status: 200, bodyHash, bodyBytes: body.byteLength };
  const entry = {
    ...told,
    ...{ vary: [], fields: [], initialAgeMs: 0, graceMs: 60_000, keepMs: 60_000 },
    ...(etag === undefined ? {} : { etag }),
  };
  await createEntryWriter(store).writeEntries([{ entry, requestFields: [['Accept', 'application/json']], body }]);
  return { ...told, changed: true, intervalMs: null, unchangedForMs: null };
}

export function stateOf(more: Partial<UpstreamState>): UpstreamState {
  return {
    ...{ upstream: UPSTREAM, holder: 'd1', fence: 1, at: Date.now(), state: 'flowing', pausedUntil: null },
    ...{
      quotaResetAt: null,
      pauseReason: null,
      tokens: null,
      learned: null,
      breaker: { state: 'closed', shed: 0 },
      scopes: [],
      backgroundRate: 100,
      inFlight: 0,
      calls: 0,
      throttles: 0,
    },
    queued: { now: 0, soon: 0, later: 0 },
    ...more,
  };
}
