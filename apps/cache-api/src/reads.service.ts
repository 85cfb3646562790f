import type { Bus, Publisher } from '#bus';

const TELL_EVERY_MS = 1_000;
const MOST_KEYS = 50_000;

/** How often what was read, told once a second: hits in memory count too, and cost no message. */
export class ReadsService {
  private counts = new Map<string, Map<string, number>>();
  private keys = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly bus: Bus,
    private readonly publisher: Publisher,
  ) {
    this.timer = setInterval(() => this.tell(), TELL_EVERY_MS);
    this.timer.unref();
  }

  count(upstream: string, key: string): void {
    let counts = this.counts.get(upstream);
    if (counts === undefined) this.counts.set(upstream, (counts = new Map<string, number>()));
    const before = counts.get(key);
    if (before === undefined && this.keys >= MOST_KEYS) return;
    if (before === undefined) this.keys += 1;
    counts.set(key, (before ?? 0) + 1);
  }

  close(): void {
    clearInterval(this.timer);
    this.tell();
  }

  private tell(): void {
    const told = this.counts;
    this.counts = new Map();
    this.keys = 0;
    for (const [upstream, counts] of told) {
      for (const some of inParts([...counts])) {
        this.publisher.publishCore(this.bus.subjects.reads, {
          ...this.publisher.envelope({ cause: 'reads' }),
          upstream,
          counts: some,
        });
      }
    }
  }
}

const KEYS_A_MESSAGE = 5_000;

function* inParts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += KEYS_A_MESSAGE) yield items.slice(from, from + KEYS_A_MESSAGE);
}
