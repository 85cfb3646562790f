import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keyOf } from '#core';
import type { PlanForecast, PlanReport } from '#contracts';
import { createResourceStatWriter, openStore } from '#store';
import { ask, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const ITEMS = 300;
const SEARCHES = 30;
const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits:
      windows: [{ limit: 100, per: 1s }, { limit: 600, per: 1m }]
      reserve: 20%
      buckets: [{ name: search, match: "/search/**", windows: [{ limit: 6, per: 1m }] }]
    refresh: { maxAge: 1m, resources: [ "/items/{1..${ITEMS}}", "/search/{1..${SEARCHES}}" ] }
  unlimited: { baseUrl: "http://127.0.0.1:\${PENSTOCK_DEMO_PORT}" }
`;
const ADMIN_TOKEN = 'of-the-test';

let stack: OpenStack;
const folder = mkdtempSync(join(tmpdir(), 'penstock-plan-'));

beforeAll(async () => {
  // Nobody learns and nobody refreshes: what is known is what is written here.
  const replicas = { scheduler: 0, refresher: 0 };
  stack = await openStack('plan', { config, replicas, env: { PENSTOCK_ADMIN_TOKEN: ADMIN_TOKEN } });
  await learn();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack.stop();
});

/** The first items are asked for most; of the searches nothing was observed. */
async function learn(): Promise<void> {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const store = await openStore({
    ...{ url: stack.postgresUrl, schema: stack.namespace, applicationName: 'test', poolSize: 1, logger: silent },
  });
  const stats = Array.from({ length: ITEMS }, (_, i) => ({
    ...{ key: keyOfPath(`/items/${i + 1}`), upstream: 'demo', template: '/items/{}', revision: 1 },
    ...{ history: new Uint8Array(2), observations: 20, changeRate: 2 ** (i % 10) / 6_000, rateSpread: 0.3, cost: 1 },
    ...{ reads: 1_000 / (i + 1), refreshes: 20, changes: 10, lastChangedAt: null },
  }));
  await createResourceStatWriter(store).writeStats(stats, Date.now());
  await store.close();
}

function keyOfPath(path: string): string {
  return keyOf({ upstream: 'demo', url: stack.demoUrl + path, partition: 'shared', variant: '' });
}

const get = (target: string): Promise<Answered> =>
  ask(stack.adminUrl, target, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
const plan = async (query: string): Promise<PlanReport> => {
  const answer = await get(`/v1/plan?${query}`);
  expect(answer.text).toContain('"upstream"');
  return answer.json<PlanReport>();
};

describe('GET /v1/plan', () => {
  test('forecasts each rate by what was learned', async () => {
    const { rates, resources, known, targets, readsPerSecond, says } = await plan('upstream=demo&rate=0.5,2,20');
    expect({ resources, known }).toEqual({
      resources: ITEMS + SEARCHES,
      known: { seen: ITEMS, ofTheirKind: SEARCHES, assumed: 0 },
    });
    expect(targets).toMatchObject({ maxAgeMs: 60_000, callsPerSecond: expect.closeTo(5.5, 6) });
    expect(rates.map(({ callsPerSecond, policy }) => [callsPerSecond, policy])).toEqual([
      [0.5, 'by-value'],
      [2, 'by-value'],
      // All targets would fit, but those of the searches do not fit the limit of their bucket.
      [20, 'by-value'],
    ]);
    const [least, more] = rates;
    expect(least?.freshness.value).toBeLessThan(more?.freshness.value ?? 0);
    expect(more?.freshness.low).toBeLessThan(more?.freshness.value ?? 0);
    expect(more?.freshness.value).toBeGreaterThan(more?.roundRobin.freshness.value ?? 1);
    expect(more?.roundRobin.callsPerSecondForSame).toBeGreaterThan(4);
    // 1,000 reads for each of 1/1 + 1/2 + ..., which count half after an hour.
    expect(readsPerSecond).toBeCloseTo((6_282 * Math.LN2) / 3_600, 1);
    expect(says.join('\n')).toContain('A 1 min target for all 330 needs 5.5 calls/s');
  });

  test('names the limits that hold it back', async () => {
    const { limits, raise, rates, says } = await plan('upstream=demo&rate=20');
    expect(limits.map(({ scope, backgroundPerSecond }) => [scope, backgroundPerSecond])).toEqual([
      ['upstream', 80],
      ['upstream', 8],
      ['search', expect.closeTo(0.08, 6)],
    ]);
    expect(rates[0]?.buckets).toEqual([{ name: 'search', callsPerSecond: expect.closeTo(0.08, 3), isFull: true }]);
    expect(raise).toMatchObject([
      { scope: 'upstream', limit: 600, perMs: 60_000, nextPerSecond: 80 },
      { scope: 'search', limit: 6, perMs: 60_000, nextPerSecond: null },
    ]);
    expect(says.at(-1)).toContain('the limit of search of 6 per 1 min');
  });

  test('takes what the background may spend now where no rate is given', async () => {
    await ask(stack.dataUrl, '/demo/items/1');
    const live = await vi.waitFor(async () => {
      const report = await plan('upstream=demo');
      expect(report.budget.from).toBe('live');
      return report;
    }, 10_000);
    expect(live.rates.map(({ callsPerSecond }) => callsPerSecond)).toEqual([live.budget.callsPerSecond]);
    expect(live.budget.callsPerSecond).toBeLessThanOrEqual(10);
    expect(live.budget.callsPerSecond).toBeGreaterThan(5);
  });

  test('of an upstream without resources says so', async () => {
    const { rates, raise, resources, says } = await plan('upstream=unlimited&rate=5');
    expect({ rates, raise, resources }).toEqual({ rates: [], raise: [], resources: 0 });
    expect(says).toEqual(['No resource is planned: register some, or set refresh.maxAge.']);
  });

  test('tells the rates that are needed for the freshness that is wanted', async () => {
    const { ratesFor } = await plan('upstream=demo&rate=1&freshness=0.5,0.9');
    expect(ratesFor.map(({ freshness }) => freshness)).toEqual([0.5, 0.9]);
    expect(ratesFor[0]?.callsPerSecond).toBeLessThan(ratesFor[1]?.callsPerSecond ?? 0);
  });

  test.each([
    ['rate=20', 400, 'upstream: expected the id of one'],
    ['upstream=demo&rate=fast', 400, 'rate: expected calls per second above 0'],
    ['upstream=demo&rate=0', 400, 'rate: expected calls per second above 0'],
    ['upstream=demo&rate=1,2,3,4,5,6,7,8,9,10,11', 400, 'at most 10'],
    ['upstream=demo&freshness=1', 400, 'freshness: expected shares between 0 and 1'],
    ['upstream=demo&limit=3', 400, 'found limit='],
    ['upstream=nobody', 404, 'there are: demo, unlimited'],
  ])('refuses ?%s with %d and what was expected', async (query, status, says) => {
    const answer = await get(`/v1/plan?${query}`);
    expect(answer.status).toBe(status);
    expect(answer.field('Content-Type')).toMatch(/^application\/problem\+json/);
    expect(answer.json<{ detail: string }>().detail).toContain(says);
  });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** As `npx penstock` runs it, without looking whether it was built. */
function penstock(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const entry = new URL('../../dist/apps/stack/src/penstock.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, ...args], { env: { ...process.env, ...env } });
  const ran = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (ran.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (ran.err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...ran }));
  });
}

const learned = (...args: string[]): Promise<Ran> =>
  penstock(['plan', '--url', stack.adminUrl, ...args], { PENSTOCK_ADMIN_TOKEN: ADMIN_TOKEN });

describe('penstock plan, of a running system', () => {
  test('prints a table and what it comes to', async () => {
    const { code, out, err } = await learned('--upstream', 'demo', '--rate', '1,4');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [title, , head, ...rows] = out.split('\n');
    expect(title).toMatch(/^330 resources of demo, spend: target; the background may spend [\d.]+ calls\/s/);
    expect(head).toMatch(/calls\/s +spent +fresh +90 % within +age p50 +age p95 +in target +refreshed +next call/);
    expect(rows.slice(0, 2).map((row) => row.trim().split(/ +/)[0])).toEqual(['1', '4']);
    expect(out).toContain('At 1 / 4 calls/s, ');
    expect(out).toContain('Round robin gives ');
  });

  test('prints for machines what the control plane says', async () => {
    const { code, out } = await learned('--upstream', 'demo', '--rate', '1,4', '--freshness', '0.9', '--json');
    expect(code).toBe(0);
    const said = JSON.parse(out) as PlanReport;
    const asked = await plan('upstream=demo&rate=1,4&freshness=0.9');
    expect(Object.keys(said)).toEqual(Object.keys(asked));
    // Reads fade between the two questions.
    const freshness = ({ rates }: PlanReport): (number | undefined)[] => rates.map((rate) => rate.freshness.value);
    expect(freshness(said)).toEqual(freshness(asked).map((value) => expect.closeTo(value ?? 0, 4) as number));
  });

  test('ends with 2 where the question is wrong, with 1 where there is no answer', async () => {
    const nobody = await learned('--upstream', 'nobody');
    expect(nobody).toMatchObject({ code: 2, out: '', err: expect.stringContaining('no upstream is named nobody') });
    const tokenless = await penstock(['plan', '--url', stack.adminUrl, '--upstream', 'demo']);
    expect(tokenless).toMatchObject({ code: 1, err: expect.stringContaining('PENSTOCK_ADMIN_TOKEN') });
    const away = await penstock(['plan', '--url', 'http://127.0.0.1:9', '--upstream', 'demo']);
    expect(away).toMatchObject({ code: 1, err: expect.stringContaining('expected a running Penstock') });
  });
});

describe('penstock plan, before anything runs', () => {
  const fileOf = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const assumed = async (...args: string[]): Promise<PlanForecast> => {
    const { code, out, err } = await penstock(['plan', ...args, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out) as PlanForecast;
  };
  const sixThousand = Array.from({ length: 6_000 }, (_, i) => `/items/${i + 1}`);

  test('gives what the reference model gives', async () => {
    const file = fileOf('items.csv', ['path', ...sixThousand].join('\n'));
    const { spend, rates, targets } = await assumed('--resources', file, '--max-age', '30s', '--rate', '20,100');
    expect(spend).toBe('target');
    expect(targets).toMatchObject({ resources: 6_000, maxAgeMs: 30_000, callsPerSecond: expect.closeTo(200, 6) });
    const [twenty, hundred] = rates;
    expect(Math.abs((twenty?.freshness.value ?? 0) - 0.886)).toBeLessThan(0.01);
    expect(Math.abs((twenty?.roundRobin.freshness.value ?? 0) - 0.7)).toBeLessThan(0.03);
    expect(twenty?.roundRobin.callsPerSecondForSame).toBeGreaterThan(80);
    expect(Math.abs((hundred?.freshness.value ?? 0) - 0.967)).toBeLessThan(0.01);
  });

  test('takes from the list what it says', async () => {
    const lines = sixThousand
      .slice(0, 100)
      .map((path, i) => JSON.stringify({ path, changesPerHour: 6, weight: i + 1 }));
    const file = fileOf('items.ndjson', [...lines, '{"path":"/floor","maxAge":"10s","changesPerHour":6}'].join('\n'));
    const { rates, targets } = await assumed(
      '--resources',
      file,
      '--demand',
      'weights',
      '--spend',
      'all',
      '--rate',
      '1',
    );
    expect(targets.floors).toEqual({ resources: 1, callsPerSecond: 0.1 });
    expect(rates[0]?.served.withinTarget).toBe(1);
    const alike = await assumed('--resources', file, '--demand', 'equal', '--spend', 'all', '--rate', '1');
    expect(alike.rates[0]?.freshness.value).toBeLessThan(rates[0]?.freshness.value ?? 0);
  });

  test('ends with 2 and says what was expected where a list cannot be read', async () => {
    const file = fileOf('bad.csv', 'path,maxAge\nitems/1,30s\n/items/2,soon\n');
    const { code, err } = await penstock(['plan', '--resources', file]);
    expect(code).toBe(2);
    expect(err).toContain('line 2: path: expected a path that begins with /');
    expect(err).toContain('line 3: maxAge: expected a duration such as 30s');
  });

  test.each([
    [['--resources', 'x', '--rate', 'many'], '--rate: expected calls per second'],
    [['--resources', '/nowhere/list.csv'], 'found ENOENT'],
    [['--upstream', 'demo', '--spread', '2'], '--spread: is for --resources <file>'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [[], 'expected --upstream <id>, or --resources <file>'],
  ])('ends with 2 for %j', async (args, says) => {
    const { code, out, err } = await penstock(['plan', ...args]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(says);
  });
});
