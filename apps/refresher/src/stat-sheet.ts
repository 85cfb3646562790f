import type { StatDelta } from '#store';

type Counted = { -readonly [Name in keyof StatDelta]: StatDelta[Name] };

/** What was learned and is not written yet: one line a key, and no more lines than `mostKeys`. */
export class StatSheet {
  #lines = new Map<string, Counted>();

  constructor(private readonly mostKeys: number) {}

  get size(): number {
    return this.#lines.size;
  }

  read(upstream: string, key: string, reads: number): void {
    this.add({ upstream, key, reads, refreshes: 0, changes: 0, lastChangedAt: null });
  }

  /** `changedAt`: when the answer came whose body differs from the one before; null: it does not. */
  refreshed(upstream: string, key: string, changedAt: number | null): void {
    const changes = changedAt === null ? 0 : 1;
    this.add({ upstream, key, reads: 0, refreshes: 1, changes, lastChangedAt: changedAt });
  }

  /** Keys that find no place any more are not counted: that is better than to grow while the store is away. */
  add(delta: StatDelta): void {
    const line = this.#lines.get(delta.key);
    if (line !== undefined) addTo(line, delta);
    else if (this.#lines.size < this.mostKeys) this.#lines.set(delta.key, { ...delta });
  }

  /** Takes up to `atMost` lines out, the oldest first. */
  take(atMost: number): StatDelta[] {
    const taken: StatDelta[] = [];
    for (const [key, line] of this.#lines) {
      if (taken.length >= atMost) break;
      taken.push(line);
      this.#lines.delete(key);
    }
    return taken;
  }
}

function addTo(line: Counted, { reads, refreshes, changes, lastChangedAt }: StatDelta): void {
  line.reads += reads;
  line.refreshes += refreshes;
  line.changes += changes;
  if (lastChangedAt !== null) line.lastChangedAt = Math.max(line.lastChangedAt ?? 0, lastChangedAt);
}
