import { appended, templateOf } from '#core';
import type { ReadsDelta } from '#store';

/** What was learned of one key since that was last written. */
export interface StatDelta extends ReadsDelta {
  readonly template: string;
  readonly refreshes: number;
  readonly changes: number;
  /** Epoch ms; null: no change was seen. */
  readonly lastChangedAt: number | null;
  /** What the refreshes showed, as a history. */
  readonly history: Uint8Array;
  /** The cost of a refresh becomes `kept` times what it was, and `added`. */
  readonly cost: { readonly kept: number; readonly added: number };
}

export interface Refreshed {
  readonly upstream: string;
  readonly key: string;
  readonly path: string;
  /** What it showed, as a history; empty where it was the first. */
  readonly history: Uint8Array;
  /** When the answer came whose body differs from the one before; null: it does not, or nothing stood there before. */
  readonly changedAt: number | null;
  /** Calls' worth. */
  readonly cost: number;
}

type Line = { -readonly [Name in keyof StatDelta]: StatDelta[Name] };

/** Of the cost the last eight refreshes or so count. */
const COST_MEMORY = 8;
const KEPT = 1 - 1 / COST_MEMORY;

export interface StatSheetOptions {
  /** Of each kind of line. */
  readonly mostKeys: number;
  readonly forgetMs: number;
}

/**
 * What was learned and is not written yet: one line a key. Keys that were only read have lines of their own, since they are written less
 * often. Keys that find no place any more are not counted: that is better than to grow while the store is away.
 */
export class StatSheet {
  readonly #refreshed = new Map<string, Line>();
  readonly #read = new Map<string, { upstream: string; key: string; reads: number }>();

  constructor(private readonly options: StatSheetOptions) {}

  /** Lines of refreshed keys. */
  get refreshedKeys(): number {
    return this.#refreshed.size;
  }

  /** Lines of keys that were only read. */
  get readKeys(): number {
    return this.#read.size;
  }

  read(upstream: string, key: string, reads: number): void {
    const line = this.#refreshed.get(key) ?? this.#read.get(key);
    if (line !== undefined) line.reads += reads;
    else if (this.#read.size < this.options.mostKeys) this.#read.set(key, { upstream, key, reads });
  }

  refreshed({ upstream, key, path, history, changedAt, cost }: Refreshed): void {
    const line = this.#refreshed.get(key) ?? this.#begin(upstream, key, path);
    if (line === undefined) return;
    line.refreshes += 1;
    if (changedAt !== null) {
      line.changes += 1;
      line.lastChangedAt = Math.max(line.lastChangedAt ?? 0, changedAt);
    }
    line.history = appended(line.history, history, this.options.forgetMs);
    line.cost = { kept: line.cost.kept * KEPT, added: line.cost.added * KEPT + cost / COST_MEMORY };
  }

  /** Takes up to `atMost` lines out, the oldest first. */
  takeRefreshed(atMost: number): StatDelta[] {
    return takeFrom(this.#refreshed, atMost);
  }

  takeRead(atMost: number): ReadsDelta[] {
    return takeFrom(this.#read, atMost);
  }

  /** What could not be written is again before what came meanwhile. */
  putBack(deltas: readonly StatDelta[]): void {
    for (const delta of deltas) {
      const newer = this.#refreshed.get(delta.key);
      if (newer !== undefined) putBefore(newer, delta, this.options.forgetMs);
      else if (this.#refreshed.size < this.options.mostKeys) this.#refreshed.set(delta.key, { ...delta });
    }
  }

  putBackReads(deltas: readonly ReadsDelta[]): void {
    for (const { upstream, key, reads } of deltas) this.read(upstream, key, reads);
  }

  #begin(upstream: string, key: string, path: string): Line | undefined {
    if (this.#refreshed.size >= this.options.mostKeys) return undefined;
    const reads = this.#read.get(key)?.reads ?? 0;
    this.#read.delete(key);
    const line: Line = {
      upstream,
      key,
      template: templateOf(path),
      reads,
      refreshes: 0,
      changes: 0,
      lastChangedAt: null,
      history: NOTHING,
      cost: { kept: 1, added: 0 },
    };
    this.#refreshed.set(key, line);
    return line;
  }
}

const NOTHING = new Uint8Array(0);

function takeFrom<Taken>(lines: Map<string, Taken>, atMost: number): Taken[] {
  const taken: Taken[] = [];
  for (const [key, line] of lines) {
    if (taken.length >= atMost) break;
    taken.push(line);
    lines.delete(key);
  }
  return taken;
}

function putBefore(newer: Line, older: StatDelta, forgetMs: number): void {
  newer.reads += older.reads;
  newer.refreshes += older.refreshes;
  newer.changes += older.changes;
  newer.lastChangedAt = latest(newer.lastChangedAt, older.lastChangedAt);
  newer.history = appended(older.history, newer.history, forgetMs);
  newer.cost = {
    kept: older.cost.kept * newer.cost.kept,
    added: older.cost.added * newer.cost.kept + newer.cost.added,
  };
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
