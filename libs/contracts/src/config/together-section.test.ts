import { describe, expect, it } from 'vitest';
import type { ConfigFault } from './config-fault.js';
import { parseConfig } from './parse-config.js';
import type { RefreshConfig } from './penstock-config.js';

function parsed(refresh: string, more = ''): ReturnType<typeof parseConfig> {
  const text = `upstreams: { crm: { baseUrl: https://api.crm.example, refresh: ${refresh}${more} } }`;
  return parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
}

function valid(refresh: string): RefreshConfig | undefined {
  const found = parsed(refresh);
  if (found.kind === 'invalid') throw new Error(JSON.stringify(found.faults));
  expect(found.warnings).toEqual([]);
  return found.config.upstreams.get('crm')?.refresh;
}

function faultsOf(refresh: string): readonly Pick<ConfigFault, 'path' | 'expected' | 'found'>[] {
  const found = parsed(refresh);
  return found.kind === 'invalid' ? found.faults : [];
}

const at = (rest: string): string => `upstreams.crm.refresh.${rest}`;

describe('refresh.together', () => {
  it('needs a path and a call, and has a default for all else', () => {
    expect(valid('{ together: [ { match: "/items/{id}", call: "/items?ids={ids}" } ] }')?.together).toEqual([
      {
        ...{ match: '/items/{id}', call: '/items?ids={ids}', most: 50, separator: ',', items: '', id: '/id' },
        ...{ cost: undefined, gatherMs: 1_000 },
      },
    ]);
  });

  it('takes every key', () => {
    const rule = `{ match: "/items/{id}", call: "/items?id={ids}", most: 20, separator: "&id=", items: /data, id: /key, cost: 3, gather: 250ms }`;
    expect(valid(`{ together: [ ${rule} ] }`)?.together).toMatchObject([
      { most: 20, separator: '&id=', items: '/data', id: '/key', cost: 3, gatherMs: 250 },
    ]);
  });

  it('tells what is missing, and what stands where it cannot', () => {
    const rule = '{ match: /items, call: "/items?ids={ids},{ids}", most: 1, items: data, gather: 11s, separatr: ";" }';
    expect(faultsOf(`{ together: [ {}, ${rule} ] }`).map(({ path }) => path)).toEqual([
      at('together[0].match'),
      at('together[0].call'),
      at('together[1].match'),
      at('together[1].call'),
      at('together[1].most'),
      at('together[1].items'),
      at('together[1].gather'),
      at('together[1].separatr'),
    ]);
  });

  it('has one rule for a path', () => {
    const rule = '{ match: "/items/{id}", call: "/items?ids={ids}" }';
    expect(faultsOf(`{ together: [ ${rule}, ${rule} ] }`)).toMatchObject([
      { path: at('together'), expected: 'entries whose "match" differs' },
    ]);
  });
});

describe('refresh.lists', () => {
  const list = 'call: "/items?since={since}", every: 30s, path: "/items/{id}", changedAt: /updated_at';

  it('needs a call, how often, the paths that it tells of, and where their times stand', () => {
    expect(valid(`{ lists: [ { ${list} } ] }`)?.lists).toEqual([
      {
        ...{ call: '/items?since={since}', everyMs: 30_000, path: '/items/{id}', changedAt: '/updated_at' },
        ...{ items: '', id: '/id', next: undefined, sinceFormat: 'iso', overlapMs: 5_000, contains: 'signal' },
        cost: undefined,
      },
    ]);
    expect(faultsOf('{ lists: [ {} ] }').map(({ path }) => path)).toEqual(
      ['call', 'every', 'path', 'changedAt'].map((key) => at(`lists[0].${key}`)),
    );
  });

  it('takes every key', () => {
    const more =
      'items: /data, id: /key, next: /links/next, sinceFormat: epoch-ms, overlap: 1m, contains: content, cost: 2';
    expect(valid(`{ lists: [ { ${list}, ${more} } ] }`)?.lists).toMatchObject([
      {
        ...{ items: '/data', id: '/key', next: '/links/next', sinceFormat: 'epoch-ms', overlapMs: 60_000 },
        ...{ contains: 'content', cost: 2 },
      },
    ]);
  });

  it('tells an unknown format with the nearest known one, and a call without a place for the time', () => {
    const faults = faultsOf(`{ lists: [ { ${list}, sinceFormat: epoch_ms }, { ${list.replace('{since}', '0')} } ] }`);
    expect(faults).toMatchObject([
      { path: at('lists[0].sinceFormat'), nearest: 'epoch-ms' },
      { path: at('lists[1].call'), expected: 'a path with {since} in it once, such as "/items?updated_since={since}"' },
    ]);
  });
});

it('limits.notModifiedCost is what a 304 costs; without it, as any call', () => {
  const limitsOf = (limits: string): number | undefined => {
    const found = parsed('{}', `, limits: ${limits}`);
    return found.kind === 'valid' ? found.config.upstreams.get('crm')?.limits.notModifiedCost : NaN;
  };
  expect([limitsOf('{ notModifiedCost: 0 }'), limitsOf('{}'), limitsOf('{ notModifiedCost: -1 }')]).toEqual([
    0,
    undefined,
    NaN,
  ]);
});
