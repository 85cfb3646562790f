import { LRUCache } from 'lru-cache';
import { compareVersions, isAtOrBelow } from '#core';
import type { Entry, Fields, Version } from '#core';

const REMEMBERED_ENTRIES = 20_000;
const REMEMBERED_MARKS = 50_000;

export interface KnownEntry {
  readonly entry: Entry;
  readonly requestFields: Fields;
}

/** What this holder knows of the store without asking: the entries that it wrote or read last, and the marks of writes. */
export class KnownEntries {
  private readonly entries = new LRUCache<string, KnownEntry>({ max: REMEMBERED_ENTRIES });
  private readonly marks = new LRUCache<string, Version>({ max: REMEMBERED_MARKS });

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
}
