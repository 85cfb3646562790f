import { describe, expect, it } from 'vitest';
import type { PublishVerdict } from '#bus';
import { createSubjects } from '#contracts';
import type { ControlWork } from '#contracts';
import type { MarkedUrl } from '#store';
import { UrlOrdersService } from './url-orders.service.js';
import { ProblemException } from './problem.filter.js';
import type { Problem } from './problems.js';
import { routerOf } from './upstream-view.js';

type StaleOrder = Extract<ControlWork, { kind: 'stale' }>;

const view = { id: 'own', config: { id: 'own', baseUrl: 'https://own.example', hosts: [] } } as never;
const router = routerOf([view]);
const urlsFrom = (count: number, length = 0): MarkedUrl[] =>
  Array.from({ length: count }, (_, n) => ({ path: `/${n}${'x'.repeat(length)}`, urlHash: `u${n}` }));

function serviceOn(pages: readonly (readonly MarkedUrl[] | Error)[], verdict: PublishVerdict = 'stored') {
  const orders: StaleOrder[] = [];
  const service = new UrlOrdersService({
    bus: { subjects: createSubjects('own') } as never,
    publisher: {
      envelope: () => ({ id: 'o', at: '', cause: '', traceparent: '' }),
      publishWork: (_: string, work: StaleOrder) => {
        orders.push(work);
        return Promise.resolve(verdict);
      },
    } as never,
    directory: {
      get: (id: string) => (id === 'own' ? view : undefined),
      route: (target: string) => router.route(target),
    } as never,
    urls: {
      // Errors come when a page is asked for, not before.
      async *pagesOfUrls() {
        for (const page of pages) {
          if (page instanceof Error) throw page;
          yield await Promise.resolve(page);
        }
      },
    },
  });
  return { service, orders };
}

async function problemOf(marking: Promise<number>): Promise<Problem | undefined> {
  return marking.then(
    () => undefined,
    (error: unknown) => (error instanceof ProblemException ? error.problem : undefined),
  );
}

const all = { kind: 'prefix', prefix: '/' } as const;

describe('what is said to have changed', () => {
  it('is left for the holder in orders that a message takes, each URL once', async () => {
    const { service, orders } = serviceOn([urlsFrom(1_200), urlsFrom(1_300)]);
    expect(await service.order('stale', 'own', all)).toBe(1_300);
    const sizes = orders.map(({ urls }) => urls.length);
    expect(Math.max(...sizes)).toBe(500);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1_300);
    expect(orders.every(({ kind, upstream }) => kind === 'stale' && upstream === 'own')).toBe(true);
  });

  it('is left in smaller orders where paths are long', async () => {
    const { service, orders } = serviceOn([urlsFrom(500, 2_000)]);
    await service.order('stale', 'own', all);
    for (const order of orders) expect(JSON.stringify(order).length).toBeLessThan(200 * 1_024);
  });

  it('is one URL where a path is said, whether it is stored or not', async () => {
    const { service, orders } = serviceOn([]);
    expect(await service.order('stale', 'own', { kind: 'path', path: '/items/1?a=b' })).toBe(1);
    expect(orders[0]?.urls).toEqual([{ path: '/items/1?a=b', urlHash: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
  });

  it.each(['away', 'full'] as const)('is a 503 that says when to try again where the bus is %s', async (verdict) => {
    const { service } = serviceOn([urlsFrom(1)], verdict);
    expect(await problemOf(service.order('stale', 'own', all))).toMatchObject({
      code: 'bus_away',
      retryAfterMs: 3_000,
    });
  });

  it('is a 503 that says when to try again where the store is away', async () => {
    const { service } = serviceOn([new Error('ECONNREFUSED')]);
    expect(await problemOf(service.order('stale', 'own', all))).toMatchObject({
      code: 'store_away',
      retryAfterMs: 3_000,
    });
  });

  it('is refused where it cannot be a path of the upstream', async () => {
    const { service, orders } = serviceOn([]);
    for (const path of ['/a/../b', '/a b', '/%'])
      expect(await problemOf(service.order('stale', 'own', { kind: 'path', path }))).toMatchObject({
        code: 'invalid_input',
      });
    expect(await problemOf(service.order('stale', 'other', all))).toMatchObject({ code: 'unknown_upstream' });
    expect(orders).toEqual([]);
  });
});
