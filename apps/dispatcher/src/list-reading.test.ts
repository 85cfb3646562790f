import { describe, expect, it } from 'vitest';
import { formatHttpDate } from '#core';
import type { ControlWork, ListConfig } from '#contracts';
import { createFlight } from './flight.js';
import type { AnsweredEnd, Asker, FlightEnd } from './flight.js';
import { ListReading } from './list-reading.service.js';
import { elementOrder } from './own-order.js';

const NOW_MS = Date.UTC(2026, 10, 24, 16, 0, 0);
const rule: ListConfig = {
  ...{ call: '/items?since={since}', everyMs: 30_000, items: '/items', path: '/items/{id}', id: '/id' },
  ...{ changedAt: '/at', next: '/next', sinceFormat: 'epoch-s', overlapMs: 5_000, contains: 'signal', cost: 2 },
};
const upstream = { id: 'crm', baseUrl: 'http://crm.example/v2' };
const seconds = (ms: number): number => ms / 1_000;

interface Said {
  readonly status?: number;
  readonly items?: readonly object[];
  readonly next?: unknown;
  readonly saidAtMs?: number;
}

class Rig {
  readonly asked: Asker[] = [];
  readonly orders: Extract<ControlWork, { kind: 'stale' }>[] = [];
  readonly kept: { path: string; body: string }[] = [];
  readonly written: number[] = [];
  readonly entries = new Map<string, number>();
  said: (Said | FlightEnd)[] = [];
  since: number | undefined;
  verdict: 'stored' | 'away' = 'stored';
  isStorable = true;
  unstored: readonly string[] = [];
  readonly reading: ListReading;

  constructor(more: Partial<ListConfig> = {}) {
    this.reading = new ListReading({ ...rule, ...more }, {
      config: upstream,
      bus: { subjects: { control: () => 'control' } },
      publisher: {
        envelope: () => ({}),
        publishWork: (_: string, work: ControlWork) => {
          if (this.verdict === 'stored' && work.kind === 'stale') this.orders.push(work);
          return Promise.resolve(this.verdict);
        },
      },
      loop: { ask: (asker: Asker) => this.answer(asker) },
      answers: {
        keepPart: ({ path }: { path: string }, part: { body: Uint8Array }) => {
          this.kept.push({ path, body: new TextDecoder().decode(part.body) });
          return { kept: Promise.resolve(), entry: this.isStorable ? {} : null };
        },
      },
      known: { get: (key: string) => this.known(key) },
      repository: {
        readTimesOf: (urlHashes: string[]) =>
          Promise.resolve(urlHashes.filter((urlHash) => !this.isUnstored(urlHash)).map((urlHash) => ({ urlHash }))),
      },
      cursors: {
        readSince: () => Promise.resolve(this.since),
        writeSince: (_: object, sinceMs: number) => Promise.resolve(void this.written.push(sinceMs)),
      },
      clock: { now: () => NOW_MS },
      // The parts of a holding that a list has to do with.
    } as never);
  }

  get marked(): string[] {
    return this.orders.flatMap(({ urls }) => urls.map(({ path }) => path));
  }

  get paths(): string[] {
    return this.asked.map(({ order }) => order.path);
  }

  private isUnstored(urlHash: string): boolean {
    return this.unstored.some((path) => elementOrder(upstream, path).urlHash === urlHash);
  }

  private known(key: string): object | undefined {
    const madeAtMs = this.entries.get(key);
    return madeAtMs === undefined ? undefined : { entry: { fields: [['Date', formatHttpDate(madeAtMs)]] } };
  }

  private answer(asker: Asker): void {
    this.asked.push(asker);
    const said = this.said.shift() ?? {};
    const flight = createFlight('f1', { asker, scopes: { key: 'x', ids: [] }, nowMs: NOW_MS });
    asker.end('kind' in said ? said : endOf(said), flight);
  }
}

function endOf({ status = 200, items = [], next = null, saidAtMs = NOW_MS }: Said): AnsweredEnd {
  const body = new TextEncoder().encode(JSON.stringify({ items, next }));
  return {
    ...{ kind: 'answered', status, upstreamStatus: status, fields: [['Date', formatHttpDate(saidAtMs)]], body },
    ...{ version: { fence: 1, send: 9 }, requestedAt: NOW_MS, receivedAt: NOW_MS, entry: null, kept: null },
    ...{ from: 'upstream', collapsed: false },
  };
}

const changed = (id: number | string, atMs: number): object => ({ id, at: new Date(atMs).toISOString() });

describe('a list of changes', () => {
  it('is asked for from where it was read to, in lane later, at its own price', async () => {
    const rig = new Rig();
    rig.since = NOW_MS - 60_000;
    expect(await rig.reading.read()).toEqual({ kind: 'read' });
    expect(rig.paths).toEqual([`/items?since=${seconds(NOW_MS - 60_000)}`]);
    expect(rig.asked[0]).toMatchObject({ lane: 'later', wantsBody: false, order: { purpose: 'pass', cost: 2 } });
  });

  it('that was never read is asked for what has changed since a little before', async () => {
    const rig = new Rig();
    await rig.reading.read();
    expect(rig.paths).toEqual([`/items?since=${seconds(NOW_MS - 35_000)}`]);
  });

  it('makes known what has changed, and is asked for from there by the times of the upstream', async () => {
    const rig = new Rig();
    const aheadMs = 3_600_000;
    rig.said = [{ items: [changed(1, NOW_MS - aheadMs), changed('a b', NOW_MS - aheadMs + 2_000)] }];
    await rig.reading.read();
    expect(rig.marked).toEqual(['/items/1', '/items/a%20b']);
    expect(rig.orders[0]?.urls[0]?.urlHash).toMatch(/^[0-9a-f]{32}$/);
    expect(rig.written).toEqual([NOW_MS - aheadMs + 2_000 - 5_000]);
    await rig.reading.read();
    expect(rig.paths[1]).toBe(`/items?since=${seconds(NOW_MS - aheadMs - 3_000)}`);
  });

  it('tells each change once, though with the overlap it brings it again', async () => {
    const rig = new Rig();
    const items = [changed(1, NOW_MS - 1_000)];
    rig.said = [{ items }, { items }, { items: [changed(1, NOW_MS)] }];
    for (let n = 0; n < 3; n += 1) await rig.reading.read();
    expect(rig.marked).toEqual(['/items/1', '/items/1']);
  });

  it('tells no change that our copy was made after', async () => {
    const rig = new Rig();
    const items = [changed(1, NOW_MS - 9_000), changed(2, NOW_MS - 9_000)];
    rig.said = [{ items }];
    rig.entries.set(elementOrder(upstream, '/items/1').key, NOW_MS - 5_000);
    rig.entries.set(elementOrder(upstream, '/items/2').key, NOW_MS - 10_000);
    await rig.reading.read();
    expect(rig.marked).toEqual(['/items/2']);
  });

  it('tells no change of what is not stored', async () => {
    const rig = new Rig();
    rig.unstored = ['/items/2', '/items/3'];
    rig.said = [{ items: [changed(1, NOW_MS), changed(2, NOW_MS)] }, { items: [changed(3, NOW_MS)] }];
    await rig.reading.read();
    await rig.reading.read();
    expect(rig.orders.map(({ urls }) => urls.map(({ path }) => path))).toEqual([['/items/1']]);
  });

  it('is read page by page, on its own host', async () => {
    const rig = new Rig();
    rig.said = [
      { items: [changed(1, NOW_MS)], next: '/v2/items?page=2' },
      { items: [changed(2, NOW_MS)], next: 'https://crm.example/v2/items?page=3' },
      { items: [changed(3, NOW_MS)], next: null },
    ];
    expect(await rig.reading.read()).toEqual({ kind: 'read' });
    expect(rig.paths.slice(1)).toEqual(['/items?page=2', '/items?page=3']);
    expect(rig.marked).toEqual(['/items/1', '/items/2', '/items/3']);
  });

  it.each([
    ['a next page elsewhere', { next: 'http://evil.example/items' }, 'the next page is not on the same host'],
    ['a refusal', { status: 400 }, 'status 400'],
    ['elements without times', { items: [{ id: 1 }] }, 'no time of a change stands at "/at"'],
  ])('is of no use with %s, and is read again from where it was begun', async (_, said, reason) => {
    const rig = new Rig();
    rig.said = [said];
    expect(await rig.reading.read()).toEqual({ kind: 'useless', reason });
    expect([rig.marked, rig.written]).toEqual([[], []]);
  });

  it('that goes on for ever is left', async () => {
    const rig = new Rig();
    rig.said = Array.from({ length: 300 }, () => ({ items: [changed(1, NOW_MS)], next: '?page=1' }));
    expect(await rig.reading.read()).toMatchObject({ kind: 'useless' });
    expect(rig.written).toEqual([]);
  });

  it('that breaks off is read again from where it was begun', async () => {
    const failed = {
      code: 'response_timeout',
      detail: 'late',
      receivedStatus: null,
      sent: true,
      resumeAtMs: null,
    } as const;
    for (const end of [{ kind: 'failed', ...failed }, { kind: 'handed-over' }] as const) {
      const rig = new Rig();
      rig.said = [{ items: [changed(1, NOW_MS)], next: '?page=2' }, end];
      expect(await rig.reading.read()).toEqual({ kind: 'broken-off' });
      expect(rig.written).toEqual([]);
    }
  });

  it('whose changes cannot be left with the bus is read again', async () => {
    const rig = new Rig();
    const items = [changed(1, NOW_MS)];
    rig.said = [{ items }, { items }];
    rig.verdict = 'away';
    expect(await rig.reading.read()).toEqual({ kind: 'broken-off' });
    rig.verdict = 'stored';
    expect(await rig.reading.read()).toEqual({ kind: 'read' });
    expect(rig.marked).toEqual(['/items/1']);
  });

  it('of many changes leaves orders of 500', async () => {
    const rig = new Rig();
    rig.said = [{ items: Array.from({ length: 1_200 }, (_, i) => changed(i, NOW_MS)) }];
    await rig.reading.read();
    expect(rig.orders.map(({ urls }) => urls.length)).toEqual([500, 500, 200]);
  });

  it('with content keeps each element as the answer of its own URL, and marks what may not be stored', async () => {
    const rig = new Rig({ contains: 'content' });
    rig.said = [{ items: [changed(1, NOW_MS)] }, { items: [changed(2, NOW_MS + 1)] }];
    await rig.reading.read();
    expect(rig.kept).toEqual([{ path: '/items/1', body: JSON.stringify(changed(1, NOW_MS)) }]);
    expect(rig.marked).toEqual([]);
    rig.isStorable = false;
    await rig.reading.read();
    expect(rig.marked).toEqual(['/items/2']);
  });
});
