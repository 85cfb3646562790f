import type { Version } from '#core';
import type { EntryRepository } from '#store';
import type { EntryMap, HeldEntry, Slot } from './entry-map.js';
import type { StoredUrlsService } from './stored-urls.service.js';

/** Where an entry is looked for. */
export interface Place {
  readonly id: string;
  readonly urlHash: string;
  readonly partition: string;
}

interface Loading {
  readonly urlHash: string;
  done: Promise<Slot | undefined>;
  /** An event spoke of this URL while it was being read: what was read may be older than the event. */
  again: boolean;
}

export interface EntriesOptions {
  readonly map: EntryMap;
  readonly repository: EntryRepository;
  /** False while events may be missed without our knowing: then memory alone is not believed. */
  readonly isCoherent: () => boolean;
  readonly urls: Pick<StoredUrlsService, 'isAbsent' | 'heard' | 'readAnew'>;
}

/** Memory first, then one select, unless it is known that nothing is stored; one select at a time for each place. */
export class EntriesService {
  private readonly loading = new Map<string, Loading>();

  constructor(private readonly options: EntriesOptions) {}

  /** What can be answered from without waiting. */
  inMemory(id: string): Slot | undefined {
    const slot = this.withoutStore(id);
    return slot?.state === 'outdated' ? undefined : slot;
  }

  /** The same, for whoever asks so often that not every time can count as use. */
  inMemoryAt(id: string, nowMs: number): Slot | undefined {
    const slot = this.options.map.look(id, nowMs);
    if (slot === undefined || slot.state === 'doubted' || slot.state === 'outdated') return undefined;
    return this.options.isCoherent() ? slot : undefined;
  }

  /** Undefined when the store cannot be asked. */
  load(place: Place): Promise<Slot | undefined> {
    const known = this.loading.get(place.id);
    if (known !== undefined) return known.done;
    const { isCoherent, urls, map } = this.options;
    if (isCoherent() && urls.isAbsent(place.urlHash))
      return Promise.resolve(map.load(place.id, place.urlHash, [], true));
    const loading: Loading = { urlHash: place.urlHash, done: Promise.resolve(undefined), again: false };
    this.loading.set(place.id, loading);
    loading.done = this.loadUntilSettled(place, loading).finally(() => this.loading.delete(place.id));
    return loading.done;
  }

  put(id: string, held: HeldEntry): void {
    this.options.map.put(id, held);
  }

  stored(urlHash: string, key: string, version: Version): void {
    this.options.urls.heard(urlHash);
    this.reloadLoading(urlHash);
    this.options.map.outdate(urlHash, key, version);
  }

  invalidated(urlHash: string, before: Version): void {
    this.reloadLoading(urlHash);
    this.options.map.mark(urlHash, before);
  }

  stale(urlHash: string, before: Version, sinceMs: number): void {
    this.reloadLoading(urlHash);
    this.options.map.markStale(urlHash, { before, sinceMs });
  }

  removed(keys: readonly string[]): void {
    this.options.map.forgetKeys(new Set(keys));
  }

  doubtAll(): void {
    for (const loading of this.loading.values()) loading.again = true;
    this.options.map.doubtAll();
    this.options.urls.readAnew();
  }

  private async loadUntilSettled(place: Place, loading: Loading): Promise<Slot | undefined> {
    const { repository, map, isCoherent } = this.options;
    for (;;) {
      loading.again = false;
      const stored = await repository.readByUrl(place.urlHash, place.partition).catch(() => undefined);
      if (stored === undefined) return this.withoutStore(place.id);
      if (!loading.again) return map.load(place.id, place.urlHash, stored, isCoherent());
    }
  }

  /** PostgreSQL is away: hits from memory go on, also where something newer is stored, as long as no event can have been missed. */
  private withoutStore(id: string): Slot | undefined {
    const slot = this.options.map.get(id);
    return slot === undefined || slot.state === 'doubted' || !this.options.isCoherent() ? undefined : slot;
  }

  private reloadLoading(urlHash: string): void {
    for (const loading of this.loading.values()) if (loading.urlHash === urlHash) loading.again = true;
  }
}
