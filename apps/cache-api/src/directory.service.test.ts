import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import type { Resource } from '#store';
import { DirectoryService } from './directory.service.js';

let directory: DirectoryService | undefined;
afterEach(() => directory?.close());

function configOf(refresh: string): UpstreamConfig {
  const text = `upstreams: { crm: { baseUrl: 'http://crm.example', refresh: ${refresh} } }`;
  const parsed = parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
  const config = parsed.kind === 'valid' ? parsed.config.upstreams.get('crm') : undefined;
  if (config === undefined) throw new Error(`expected a valid configuration: ${text}`);
  return config;
}

function resource(path: string, maxAgeMs: number | null): Resource {
  return { upstream: 'crm', path, key: path, urlHash: path, maxAgeMs, weight: 1, tags: [], source: 'api' };
}

async function plannedUnder(refresh: string): Promise<string[]> {
  const upstreams = { readResourceRevisions: () => Promise.resolve(new Map([['crm', 1]])) };
  const resources = { readResources: () => Promise.resolve([resource('/own', 30_000), resource('/none', null)]) };
  directory = new DirectoryService(upstreams, resources, { debug: () => undefined });
  const config = configOf(refresh);
  await directory.apply([{ id: 'crm', config, version: 1, partitionKey: new Uint8Array(32) }]);
  return [...(directory.get('crm')?.planned ?? [])];
}

describe('a path is planned', () => {
  it.each([
    { refresh: '{}', planned: ['/own'] },
    { refresh: '{ maxAge: 30s }', planned: ['/own', '/none'] },
    { refresh: '{ spend: all }', planned: ['/own', '/none'] },
    { refresh: '{ maxAge: 30s, background: false }', planned: [] },
  ])('where the scheduler has something to go by: $refresh', async ({ refresh, planned }) => {
    expect(await plannedUnder(refresh)).toEqual(planned);
  });
});
