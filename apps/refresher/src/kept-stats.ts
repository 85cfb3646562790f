import type { StatBefore } from '#store';

const DOUBTED_FOR_MS = 60_000;

/**
 * What this process has written last, so that it need not be read again: right for as long as no other replica writes the same keys. Once
 * one has, nothing is kept for a minute; then it is tried anew. What is written on a wrong ground is refused by the store in any case.
 */
export class KeptStats {
  readonly #kept = new Map<string, StatBefore>();
  #doubtedUntilMs = 0;

  constructor(private readonly mostKeys: number) {}

  get(key: string): StatBefore | undefined {
    return this.#kept.get(key);
  }

  wrote(stat: StatBefore, nowMs: number): void {
    if (nowMs < this.#doubtedUntilMs) return;
    this.#kept.delete(stat.key);
    this.#kept.set(stat.key, stat);
    if (this.#kept.size <= this.mostKeys) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** Reads were added to what stands in the store, which has so many now. */
  readsAre(key: string, reads: number, readsAt: number): void {
    const stat = this.#kept.get(key);
    if (stat !== undefined) this.#kept.set(key, { ...stat, reads, readsAt });
  }

  overtaken(nowMs: number): void {
    this.#kept.clear();
    this.#doubtedUntilMs = nowMs + DOUBTED_FOR_MS;
  }
}
