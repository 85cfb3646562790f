import { SHARED_PARTITION } from '#core';
import type { Publisher } from '#bus';
import type { ResourceRef } from '#contracts';
import type { Chance } from '#runtime';

const TELL_EVERY_MS = 1_000;
const MOST_KEYS = 50_000;
const KEYS_A_MESSAGE = 5_000;

/**
 * How often what was read, told once a second: hits in memory count too, and cost no message. Where more keys are read in a second than are
 * held, they are told at once, and from then on only every second, fourth, ... read is counted, for as many: no key is left out for good.
 * Private entries are not counted: nobody plans their refresh.
 */
export class ReadsService {
  private counts = new Map<string, Map<string, number>>();
  private keys = 0;
  /** So many reads one that is counted stands for. */
  private each = 1;
  private isCrowded = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly subject: string,
    private readonly publisher: Pick<Publisher, 'envelope' | 'publishCore'>,
    private readonly chance: Chance,
  ) {
    this.timer = setInterval(() => this.tick(), TELL_EVERY_MS);
    this.timer.unref();
  }

  count({ upstream, key, partition }: Pick<ResourceRef, 'upstream' | 'key' | 'partition'>): void {
    if (partition !== SHARED_PARTITION) return;
    if (this.each > 1 && this.chance() * this.each >= 1) return;
    let counts = this.counts.get(upstream);
    if (counts === undefined) this.counts.set(upstream, (counts = new Map<string, number>()));
    const before = counts.get(key);
    counts.set(key, (before ?? 0) + this.each);
    if (before !== undefined) return;
    this.keys += 1;
    if (this.keys >= MOST_KEYS) this.crowded();
  }

  close(): void {
    clearInterval(this.timer);
    this.tell();
  }

  private crowded(): void {
    this.tell();
    this.each *= 2;
    this.isCrowded = true;
  }

  private tick(): void {
    if (!this.isCrowded && this.keys < MOST_KEYS / 4) this.each = Math.max(1, this.each / 2);
    this.isCrowded = false;
    this.tell();
  }

  private tell(): void {
    const told = this.counts;
    this.counts = new Map();
    this.keys = 0;
    for (const [upstream, counts] of told) {
      for (const some of inParts([...counts])) {
        this.publisher.publishCore(this.subject, {
          ...this.publisher.envelope({ cause: 'reads' }),
          upstream,
          counts: some,
        });
      }
    }
  }
}

function* inParts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += KEYS_A_MESSAGE) yield items.slice(from, from + KEYS_A_MESSAGE);
}
