import { LRUCache } from 'lru-cache';
import { compareVersions, endedAt, freshnessOf, isAtOrBelow, variantOf } from '#core';
import type { Entry, Fields, Version } from '#core';
import type { StoredEntry } from '#store';
import type { ReadyHead } from './ready-head.js';

/** An entry in memory, with its body. */
export interface HeldEntry {
  readonly entry: Entry;
  readonly body: Uint8Array;
  /** Made at the first hit that can use it; null: none can. */
  ready?: ReadyHead | null;
}

/**
 * All that is held of one URL in one partition.
 *
 * - `partial`: one answer was put here; other variants may be stored.
 * - `loaded`: what the store had, as far as the events tell.
 * - `outdated`: an event spoke of something newer: to be loaded before it is used. What a write made invalid is not in it any more, so
 *   that, while the store is away, it is still good for what an older answer is good for.
 * - `doubted`: events may have been missed, those of writes too: of no use until it was loaded.
 */
export interface Slot {
  readonly id: string;
  readonly urlHash: string;
  state: 'partial' | 'loaded' | 'outdated' | 'doubted';
  entries: readonly HeldEntry[];
  /** When it last counted as used, where that is not counted each time. */
  usedAtMs?: number;
}

/** What is stored at or below `before` has been out of date since then. */
interface StaleMark {
  readonly before: Version;
  readonly sinceMs: number;
}

const MARKED_FOR_MS = 180_000;
const REMEMBERED_MARKS = 50_000;
const SLOT_BYTES = 1_000;
const ENTRY_BYTES = 900;
const FIELD_BYTES = 100;
const COUNTS_AS_USED_EVERY_MS = 1_000;
const SPARE_BYTES = 64;

/** Entries in memory, bounded by bytes, the least recently used given up first; coherent through the events of the dispatcher. */
export class EntryMap {
  private readonly slots: LRUCache<string, Slot>;
  private readonly idsByUrl = new Map<string, Set<string>>();
  private readonly marks: LRUCache<string, Version>;
  private readonly staleMarks: LRUCache<string, StaleMark>;

  constructor(maxBytes: number, now: () => number) {
    this.slots = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: sizeOf,
      dispose: (slot, id) => this.unlist(slot, id),
    });
    // Longer than a call can be on its way: what was sent before a write is known as such when it comes back.
    const remembered = { max: REMEMBERED_MARKS, ttl: MARKED_FOR_MS, perf: { now } };
    this.marks = new LRUCache(remembered);
    this.staleMarks = new LRUCache(remembered);
  }

  get(id: string): Slot | undefined {
    return this.slots.get(id);
  }

  /** Without taking it for the most recently used each time: once in a while is as good, and costs a hit less. */
  look(id: string, nowMs: number): Slot | undefined {
    const slot = this.slots.peek(id);
    if (slot === undefined || nowMs - (slot.usedAtMs ?? -Infinity) < COUNTS_AS_USED_EVERY_MS) return slot;
    slot.usedAtMs = nowMs;
    return this.slots.get(id);
  }

  /**
   * What the store holds replaces what is here, unless that is newer. Where a write may have been missed what is here counts for nothing: the
   * store knows the marks of writes only for what it holds itself.
   */
  load(id: string, urlHash: string, stored: readonly StoredEntry[], isCoherent: boolean): Slot {
    const valid = stored.filter(
      ({ entry, invalidAtOrBelow }) => invalidAtOrBelow === null || !isAtOrBelow(entry.version, invalidAtOrBelow),
    );
    const before = this.slots.peek(id);
    const own = before === undefined || before.state === 'doubted' || !isCoherent ? [] : before.entries;
    const held = newest([...own, ...valid.map(asStored)]).filter(({ entry }) => !this.isMarked(entry));
    return this.set({ id, urlHash, state: 'loaded', entries: held });
  }

  /** An answer that has just come, possibly before it is committed. */
  put(id: string, held: HeldEntry): void {
    if (this.isMarked(held.entry)) return;
    const slot = this.slots.peek(id);
    const entry = endedBy(this.staleMarks.get(held.entry.urlHash), held.entry);
    const entries = newest([...(slot?.entries ?? []), { entry, body: held.body }]);
    this.set({ id, urlHash: held.entry.urlHash, state: slot?.state ?? 'partial', entries });
  }

  /** Something newer than this version is stored under this URL. */
  outdate(urlHash: string, key: string, version: Version): void {
    for (const slot of this.slotsOf(urlHash)) {
      const known = slot.entries.find(({ entry }) => entry.key === key);
      if (known === undefined || compareVersions(known.entry.version, version) < 0) slot.state = outdatedFrom(slot);
    }
  }

  /** A write made all that is stored of this URL at or below the version invalid, in every partition and variant. */
  mark(urlHash: string, before: Version): void {
    const known = this.marks.get(urlHash);
    if (known === undefined || compareVersions(known, before) < 0) this.marks.set(urlHash, before);
    for (const slot of [...this.slotsOf(urlHash)]) {
      const entries = slot.entries.filter(({ entry }) => !this.isMarked(entry));
      this.set({ ...slot, entries, state: outdatedFrom(slot) });
    }
  }

  /** What is held of this URL at or below the version is out of date: it counts as stale until something newer comes. */
  markStale(urlHash: string, mark: StaleMark): void {
    const known = this.staleMarks.get(urlHash);
    if (known === undefined || compareVersions(known.before, mark.before) < 0) this.staleMarks.set(urlHash, mark);
    for (const slot of [...this.slotsOf(urlHash)]) {
      const entries = slot.entries.map((held) => {
        const entry = endedBy(mark, held.entry);
        return entry === held.entry ? held : { entry, body: held.body };
      });
      this.set({ ...slot, entries });
    }
  }

  /** Entries were collected from the store: they are past their use. */
  forgetKeys(keys: ReadonlySet<string>): void {
    for (const slot of [...this.slots.values()]) {
      if (slot.entries.some(({ entry }) => keys.has(entry.key))) this.slots.delete(slot.id);
    }
  }

  /** Events may have been missed: everything is checked once before its next use. */
  doubtAll(): void {
    for (const slot of this.slots.values()) slot.state = 'doubted';
  }

  bytes(): number {
    return this.slots.calculatedSize;
  }

  size(): number {
    return this.slots.size;
  }

  private isMarked(entry: Entry): boolean {
    const mark = this.marks.get(entry.urlHash);
    return mark !== undefined && isAtOrBelow(entry.version, mark);
  }

  private *slotsOf(urlHash: string): Iterable<Slot> {
    for (const id of this.idsByUrl.get(urlHash) ?? []) {
      const slot = this.slots.peek(id);
      if (slot !== undefined) yield slot;
    }
  }

  private set(slot: Slot): Slot {
    this.slots.set(slot.id, slot);
    // Larger than the whole map: answered, not held.
    if (!this.slots.has(slot.id)) return slot;
    const ids = this.idsByUrl.get(slot.urlHash) ?? new Set();
    this.idsByUrl.set(slot.urlHash, ids.add(slot.id));
    return slot;
  }

  private unlist(slot: Slot, id: string): void {
    const ids = this.idsByUrl.get(slot.urlHash);
    ids?.delete(id);
    if (ids?.size === 0) this.idsByUrl.delete(slot.urlHash);
  }
}

function asStored({ entry, body, knownStale }: StoredEntry): HeldEntry {
  return { entry: endedBy(knownStale ?? undefined, entry), body };
}

function endedBy(mark: StaleMark | undefined, entry: Entry): Entry {
  return mark !== undefined && isAtOrBelow(entry.version, mark.before) ? endedAt(entry, mark.sinceMs) : entry;
}

function outdatedFrom({ state }: Slot): 'outdated' | 'doubted' {
  return state === 'doubted' ? state : 'outdated';
}

/** The variant that this request selects, the newest first. */
export function entryFor(slot: Slot, requestFields: Fields): HeldEntry | undefined {
  return slot.entries.find(({ entry }) => variantOf(entry.vary, requestFields) === entry.variant);
}

function newest(entries: readonly HeldEntry[]): HeldEntry[] {
  const byKey = new Map<string, HeldEntry>();
  for (const held of entries) {
    const known = byKey.get(held.entry.key);
    if (known === undefined || compareVersions(known.entry.version, held.entry.version) < 0) {
      byKey.set(held.entry.key, { entry: held.entry, body: ownBytes(held.body) });
    }
  }
  return plainLast([...byKey.values()].sort((a, b) => compareVersions(b.entry.version, a.entry.version)));
}

/**
 * RFC 9111 4.1: "When a cache has multiple stored responses for a target URI and one or more omits the Vary header field, the cache SHOULD
 * choose the most recent (...) stored response with a valid Vary field value." Those that were fresh when the one without it came: an
 * upstream that has come to do without Vary is not asked for the old ones again.
 */
function plainLast(newestFirst: HeldEntry[]): HeldEntry[] {
  const at = newestFirst.findIndex(({ entry }) => entry.vary.length === 0);
  const plain = newestFirst[at];
  if (plain === undefined || newestFirst.length === 1) return newestFirst;
  const isBefore = ({ entry }: HeldEntry): boolean => freshnessOf(entry, plain.entry.receivedAt).kind === 'fresh';
  const older = newestFirst.slice(at + 1);
  return [...newestFirst.slice(0, at), ...older.filter(isBefore), plain, ...older.filter((held) => !isBefore(held))];
}

/**
 * What comes from a socket or from PostgreSQL is often a view of a far larger buffer, all of which it would keep alive. Copied once, when it
 * is taken in.
 */
function ownBytes(body: Uint8Array): Uint8Array {
  if (body.buffer.byteLength <= body.byteLength + SPARE_BYTES) return body;
  const own = Buffer.allocUnsafeSlow(body.byteLength);
  own.set(body);
  return own;
}

/** Text of an entry stands in memory as fields, and twice in its ready head; the rest was measured (`bench -- hits`). */
function sizeOf(slot: Slot): number {
  let bytes = SLOT_BYTES + 2 * slot.id.length;
  for (const { body, entry } of slot.entries) {
    bytes += ENTRY_BYTES + body.byteLength;
    for (const [name, value] of entry.fields) bytes += FIELD_BYTES + 3 * (name.length + value.length);
  }
  return bytes;
}
