import { describe, expect, it } from 'vitest';
import { parseConfig } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import type { EntryTime, Resource, ResourceStat } from '#store';
import { BY_VALUE, entryOf, KEEP, keyOf, remindersIn, urlHashOf } from './fixtures/items.js';
import { PlanReadingService } from './plan-reading.service.js';
import { RefreshPlan } from './plan.js';

const START_MS = 1_000_000;
const COUNT = 2_500;

function configOf(refresh: string): UpstreamConfig {
  const text = `upstreams: { crm: { baseUrl: 'http://crm.example', refresh: ${refresh} } }`;
  const parsed = parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
  const config = parsed.kind === 'valid' ? parsed.config.upstreams.get('crm') : undefined;
  if (config === undefined) throw new Error(`expected a valid configuration: ${text}`);
  return config;
}

function resource(n: number, more: Partial<Resource> = {}): Resource {
  const path = `/items/${String(n).padStart(6, '0')}`;
  const place = { upstream: 'crm', path, key: keyOf(n), urlHash: urlHashOf(n) };
  return Object.assign({ maxAgeMs: null, weight: 1, tags: [], source: 'api' as const }, place, more);
}

/** A store that holds these, and counts what it was asked for at once. */
function readingOf(of: { listed: Resource[]; times?: EntryTime[]; stats?: ResourceStat[]; timeScale?: number }) {
  const plan = new RefreshPlan();
  const rows: number[] = [];
  const reading = new PlanReadingService(plan, {
    upstream: 'crm',
    resources: {
      countResources: () => Promise.resolve(of.listed.length),
      listResources: (_, after, limit) => {
        const page = of.listed.filter(({ path }) => path > after).slice(0, limit);
        rows.push(page.length);
        return Promise.resolve(page);
      },
    },
    entries: {
      readTimesOf: (urlHashes) => {
        rows.push(urlHashes.length);
        return Promise.resolve((of.times ?? []).filter(({ urlHash }) => urlHashes.includes(urlHash)));
      },
    },
    stats: {
      readStats: (_, after) => Promise.resolve(after === undefined ? (of.stats ?? []) : []),
      readPriors: () => Promise.resolve(undefined),
    },
    clock: { now: () => START_MS },
    timeScale: of.timeScale ?? 1,
  });
  return { plan, reading, rows };
}

const listOf = (count: number): Resource[] => Array.from({ length: count }, (_, n) => resource(n));
const version = { fence: 1, send: 1 };

describe('a plan', () => {
  it('is read in pages of a thousand, and of what is new what is stored', async () => {
    const { plan, reading, rows } = readingOf({
      listed: listOf(COUNT),
      times: [entryOf(2_400, START_MS - 5_000, version)],
    });
    await reading.readList(configOf('{ maxAge: 10s }'));
    expect([plan.size, Math.max(...rows)]).toEqual([COUNT, 1_000]);
    const [first] = remindersIn(plan.take(COUNT, BY_VALUE, START_MS + 20_000)).filter(({ have }) => have !== null);
    expect(first).toMatchObject({ urlHash: urlHashOf(2_400), have: version });
  });

  it('asks of those that it knows nothing when the list is read again, and drops those that are gone', async () => {
    const listed = listOf(COUNT);
    const { plan, reading, rows } = readingOf({ listed });
    await reading.readList(configOf('{ maxAge: 10s }'));
    listed.splice(0, 1_200, resource(COUNT));
    listed.sort((a, b) => (a.path < b.path ? -1 : 1));
    rows.length = 0;
    await reading.readList(configOf('{ maxAge: 10s }'));
    expect([plan.size, rows]).toEqual([COUNT - 1_199, [1_000, 301, 1]]);
  });

  it('is empty where there is to be no background', async () => {
    const { plan, reading } = readingOf({ listed: listOf(3) });
    await reading.readList(configOf('{ maxAge: 10s }'));
    await reading.readList(configOf('{ maxAge: 10s, background: false }'));
    expect(plan.size).toBe(0);
  });

  it('takes floors, weights and costs from what is registered and configured, and targets by the clock of the bench', async () => {
    const listed = [resource(1, { maxAgeMs: 20_000, weight: 2, tags: ['vip', 'other'] }), resource(2)];
    const { plan, reading } = readingOf({ listed, timeScale: 10 });
    const config = configOf('{ maxAge: 10s, multipliers: [ { tag: vip, by: 3 }, { tag: old, by: 9 } ] }');
    await reading.readList(config);
    expect(plan.needs.callsPerSecond).toBeCloseTo(1 / 2 + 1);
    expect(plan.needs.floorsPerSecond).toBeCloseTo(1 / 2);
    // Never fetched and of one kind: the weight decides.
    expect(remindersIn(plan.take(1, BY_VALUE, START_MS + 60_000))).toMatchObject([{ urlHash: urlHashOf(1) }]);
  });

  it('starts with what refreshers have learned', async () => {
    const times = [1, 2].map((n) => entryOf(n, START_MS, version));
    const stat = { template: '', observations: 9, rateSpread: 0.1, reads: 0, readsAt: START_MS, cost: 1 };
    const stats = [
      { ...stat, key: keyOf(1), changeRate: 0.001 },
      { ...stat, key: keyOf(2), changeRate: 0.1 },
    ];
    const { plan, reading } = readingOf({ listed: [resource(1), resource(2)], times, stats });
    await reading.readList(configOf('{ maxAge: 10s }'));
    await reading.readLearned();
    expect(remindersIn(plan.take(1, BY_VALUE, START_MS + 5_000))).toMatchObject([{ urlHash: urlHashOf(2) }]);
  });

  it('looks at all that is stored again after it has missed facts', async () => {
    const times: EntryTime[] = [];
    const { plan, reading } = readingOf({ listed: listOf(1_500), times });
    await reading.readList(configOf('{ maxAge: 10s }'));
    times.push(...listOf(1_500).map((_, n) => entryOf(n, START_MS + 9_000, version)));
    await reading.readAllTimes();
    expect(remindersIn(plan.take(10, KEEP, START_MS + 15_000))).toEqual([]);
  });
});
