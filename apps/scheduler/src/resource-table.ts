import { CELLS, Column } from './column.js';
import { KeyIndex } from './key-index.js';
import type { PlannedResource } from './planned.js';
import { TextShelf } from './text-shelf.js';
import { VersionColumn } from './version-column.js';

const FEWEST_SLOTS = 1_024;
/** What costs the upstream next to nothing is not worth endlessly much. */
const LEAST_COST = 1 / 16;

/**
 * What is known of each resource of the plan, by its slot: a number that is its own for as long as it is planned. One attribute is one
 * array of numbers, so that a million resources are some arrays and not some million objects.
 */
export class ResourceTable {
  /** 0: it has none, and the upstream neither. */
  readonly maxAgeMs = new Column(CELLS.number, 0);
  /** 1: maxAge was set on this very resource. */
  readonly isFloor = new Column(CELLS.byte, 0);
  /** Explicit, times the multipliers of its tags. */
  readonly weight = new Column(CELLS.number, 1);
  readonly cost = new Column(CELLS.number, 1);
  /** Changes per second; NaN: not known. */
  readonly changeRate = new Column(CELLS.number, NaN);
  /** Of the newest entry; NaN: nothing is stored. */
  readonly requestedAtMs = new Column(CELLS.number, NaN);
  readonly version = new VersionColumn();
  /** A write made what came from this call, or from one before it, invalid. */
  readonly invalid = new VersionColumn();
  /** What came from this call, or from one before it, is known to be out of date. */
  readonly stale = new VersionColumn();
  readonly failures = new Column(CELLS.byte, 0);
  readonly notBeforeMs = new Column(CELLS.number, 0);
  /** The reading of the list that it was last in. */
  readonly reading = new Column(CELLS.number, 0);
  readonly #urls = new KeyIndex();
  readonly #ownKeys = new KeyIndex();
  readonly #paths = new TextShelf();
  /** Of those whose newest entry has a variant: few APIs vary. */
  readonly #variants = new Map<number, { readonly key: string; readonly variant: string }>();
  readonly #slotsOfVariants = new Map<string, number>();
  readonly #free: number[] = [];
  #end = 0;
  #capacity = 0;

  get size(): number {
    return this.#urls.size;
  }

  /** All slots are below. */
  get end(): number {
    return this.#end;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Whether a resource more needs more room: whoever keeps something by slot makes room with it. */
  get isFull(): boolean {
    return this.#free.length === 0 && this.#end === this.#capacity;
  }

  reserve(slots: number): number {
    this.#capacity = Math.max(FEWEST_SLOTS, this.#capacity, slots);
    const columns = [this.maxAgeMs, this.isFloor, this.weight, this.cost, this.changeRate, this.requestedAtMs];
    for (const column of [...columns, this.failures, this.notBeforeMs, this.reading]) column.reserve(this.#capacity);
    for (const versions of [this.version, this.invalid, this.stale]) versions.reserve(this.#capacity);
    for (const keys of [this.#urls, this.#ownKeys, this.#paths]) keys.reserve(this.#capacity);
    return this.#capacity;
  }

  /** Undefined: its URL has no hash that Penstock could have made. */
  add({ path, key, urlHash }: PlannedResource): number | undefined {
    const slot = this.#free.pop() ?? this.#end;
    if (!this.#urls.add(slot, urlHash)) {
      if (slot !== this.#end) this.#free.push(slot);
      return undefined;
    }
    this.#end = Math.max(this.#end, slot + 1);
    this.#ownKeys.add(slot, key);
    this.#paths.put(slot, path);
    return slot;
  }

  drop(slot: number): void {
    const columns = [this.maxAgeMs, this.isFloor, this.weight, this.cost, this.changeRate, this.requestedAtMs];
    for (const column of columns) column.clear(slot);
    for (const column of [this.version, this.invalid, this.stale, this.failures, this.notBeforeMs, this.reading])
      column.clear(slot);
    this.#forgetVariant(slot);
    this.#urls.remove(slot);
    this.#ownKeys.remove(slot);
    this.#paths.drop(slot);
    this.#free.push(slot);
  }

  /** Whether somebody has this slot. */
  has(slot: number): boolean {
    return this.#urls.has(slot);
  }

  slotOfUrl(urlHash: string): number | undefined {
    return this.#urls.find(urlHash);
  }

  /** By the key of its newest entry, or of the one without a variant. */
  slotOfKey(key: string): number | undefined {
    return this.#ownKeys.find(key) ?? this.#slotsOfVariants.get(key);
  }

  path(slot: number): string {
    return this.#paths.get(slot);
  }

  urlHash(slot: number): string {
    return this.#urls.keyOf(slot);
  }

  /** Of the newest entry: this is what is asked for again. */
  key(slot: number): string {
    return this.#variants.get(slot)?.key ?? this.#ownKeys.keyOf(slot);
  }

  variant(slot: number): string {
    return this.#variants.get(slot)?.variant ?? '';
  }

  setVariant(slot: number, key: string, variant: string): void {
    if (variant === '' && !this.#variants.has(slot)) return;
    this.#forgetVariant(slot);
    if (variant === '') return;
    this.#variants.set(slot, { key, variant });
    this.#slotsOfVariants.set(key, slot);
  }

  setCost(slot: number, cost: number): void {
    this.cost.set(slot, Number.isFinite(cost) ? Math.max(LEAST_COST, cost) : 1);
  }

  isInvalid(slot: number): boolean {
    return this.version.isAtOrBelow(slot, this.invalid);
  }

  isStale(slot: number): boolean {
    return this.version.isAtOrBelow(slot, this.stale);
  }

  /** Undefined: nothing that may be answered with is stored. */
  fetchedAtMs(slot: number): number | undefined {
    const requestedAtMs = this.requestedAtMs.get(slot);
    return Number.isNaN(requestedAtMs) || this.isInvalid(slot) ? undefined : requestedAtMs;
  }

  #forgetVariant(slot: number): void {
    const key = this.#variants.get(slot)?.key;
    if (key === undefined) return;
    this.#variants.delete(slot);
    this.#slotsOfVariants.delete(key);
  }
}
