import { LRUCache } from 'lru-cache';
import { compareVersions, isAtOrBelow } from '#core';
import type { Entry, Fields, Version } from '#core';

const REMEMBERED_ENTRIES = 20_000;
const REMEMBERED_MARKS = 50_000;
/** Longer than a call can be on its way. What is still stored from before such a mark the store knows of itself. */
const STALE_MARKS_STAY_MS = 3_600_000;

export interface KnownEntry {
  readonly entry: Entry;
  readonly requestFields: Fields;
}

/**
 * What this holder knows of the store without asking: the entries that it wrote or read last, the marks of writes, and what is known to have
 * changed since. Of the latter only what it marked itself: what an earlier holder marked is below all that is sent from here.
 */
export class KnownEntries {
  private readonly entries = new LRUCache<string, KnownEntry>({ max: REMEMBERED_ENTRIES });
  private readonly marks = new LRUCache<string, Version>({ max: REMEMBERED_MARKS });
  /** In the order in which they were set. */
  private readonly staleMarks = new Map<string, { readonly before: Version; readonly atMs: number }>();

  get(key: string): KnownEntry | undefined {
    const known = this.entries.get(key);
    return known === undefined || this.isMarked(known.entry) ? undefined : known;
  }

  put(known: KnownEntry): void {
    const before = this.entries.peek(known.entry.key);
    if (before === undefined || compareVersions(before.entry.version, known.entry.version) < 0) {
      this.entries.set(known.entry.key, known);
    }
  }

  forget(key: string): void {
    this.entries.delete(key);
  }

  mark(urlHash: string, before: Version): void {
    const mark = this.marks.get(urlHash);
    if (mark === undefined || compareVersions(mark, before) < 0) this.marks.set(urlHash, before);
  }

  /** Whether a write has made what came from this call invalid. */
  isMarked(entry: { urlHash: string; version: Version }): boolean {
    const mark = this.marks.get(entry.urlHash);
    return mark !== undefined && isAtOrBelow(entry.version, mark);
  }

  markStale(urlHash: string, before: Version, nowMs: number): void {
    for (const [marked, { atMs }] of this.staleMarks) {
      if (nowMs - atMs <= STALE_MARKS_STAY_MS) break;
      this.staleMarks.delete(marked);
    }
    this.staleMarks.delete(urlHash);
    this.staleMarks.set(urlHash, { before, atMs: nowMs });
  }

  /** Whether it has become known since this call was sent that the upstream has something newer. */
  isStale({ urlHash, version }: { urlHash: string; version: Version }): boolean {
    // Of every refresh this is asked, and mostly there are no marks.
    const mark = this.staleMarks.size === 0 ? undefined : this.staleMarks.get(urlHash);
    return mark !== undefined && isAtOrBelow(version, mark.before);
  }
}
