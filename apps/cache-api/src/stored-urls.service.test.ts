import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoredUrlsService } from './stored-urls.service.js';

const hashOf = (n: number): string => createHash('sha256').update(`${n}`).digest('hex').slice(0, 32);

/** What is stored, and how often it was read; `answers` false: PostgreSQL is away. */
function opened(count: number): { urls: StoredUrlsService; store: { answers: boolean; pages: number } } {
  const all = Array.from({ length: count }, (_, n) => hashOf(n)).sort();
  const store = { answers: true, pages: 0 };
  const readUrlHashes = (after: string, atMost: number): Promise<string[]> => {
    store.pages += 1;
    if (!store.answers) return Promise.reject(new Error('away'));
    return Promise.resolve(all.filter((hash) => hash > after).slice(0, atMost));
  };
  const urls = new StoredUrlsService({ repository: { readUrlHashes }, logger: { debug: () => undefined } as never });
  onTestFinished(() => urls.close());
  return { urls, store };
}

describe('which URLs are stored', () => {
  it('is not known before it was read: nothing is absent', () => {
    const { urls } = opened(1);
    expect(urls.isAbsent(hashOf(5))).toBe(false);
    urls.readAnew();
    expect(urls.isAbsent(hashOf(5))).toBe(false);
  });

  it('is read page by page, and what is in none of them is absent until it is heard of', async () => {
    const { urls, store } = opened(20_001);
    urls.readAnew();
    await vi.waitFor(() => expect(urls.isAbsent(hashOf(30_000))).toBe(true));
    expect(store.pages).toBe(3);
    for (const n of [0, 10_000, 20_000]) expect(urls.isAbsent(hashOf(n))).toBe(false);
    urls.heard(hashOf(30_000));
    expect(urls.isAbsent(hashOf(30_000))).toBe(false);
  });

  it('what is heard of while it is read counts too', async () => {
    const { urls } = opened(0);
    urls.readAnew();
    urls.heard(hashOf(1));
    await vi.waitFor(() => expect(urls.isAbsent(hashOf(2))).toBe(true));
    expect(urls.isAbsent(hashOf(1))).toBe(false);
  });

  it('is not known while events may have been missed and PostgreSQL is away', async () => {
    const { urls, store } = opened(0);
    urls.readAnew();
    await vi.waitFor(() => expect(urls.isAbsent(hashOf(2))).toBe(true));
    store.answers = false;
    urls.readAnew();
    await vi.waitFor(() => expect(store.pages).toBe(2));
    expect(urls.isAbsent(hashOf(2))).toBe(false);
  });
});
