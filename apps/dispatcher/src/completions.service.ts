import { compareVersions } from '#core';
import type { Entry, Fields } from '#core';
import type { Clock, Logger } from '#runtime';
import type { EntryWrite, EntryWriter, WriteResult } from '#store';

/** What became of an answer that was to be kept. `refused`: the store would not take this row; `outdated`: something newer stood there. */
export type Kept = WriteResult | { readonly kind: 'refused'; readonly key: string };

/** What is stored of an answer besides what was said. */
export type Described = Pick<EntryWrite, 'tags' | 'changeHash'>;

interface Waiting {
  readonly write: EntryWrite;
  readonly settle: (kept: Kept) => void;
}

export interface CompletionsOptions {
  readonly writer: EntryWriter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxBytes: number;
}

/** Whoever waits for an answer has it already: what this costs is the freshness of others' memory, what it saves is most of the store's work. */
const GATHERING_MS = 40;
/** Where so many came in that time, a statement of more of them costs each a good part less: they wait this much longer. */
const MANY = 16;
const GATHERING_ON_MS = 60;
const MOST_AT_ONCE = 200;
/** Of one statement: its bodies travel as one text, twice their size, and no string is longer than half a GiB. */
const MOST_BYTES_AT_ONCE = 16 * 1024 * 1024;
/** Each is told to others by whoever waits for it: a user's answer is not to stand behind all of a batch. */
const SETTLED_IN_ONE_TURN = 40;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;

/**
 * Answers on their way into PostgreSQL. They are gathered for a while and written in one statement; a key that comes
 * twice is written once, in its newest version. While PostgreSQL is away they wait here, bounded, and still answer calls. A row
 * that the store refuses is found by halving the batch, and given up alone.
 */
export class CompletionsService {
  private waiting: Waiting[] = [];
  private readonly newest = new Map<string, EntryWrite>();
  private bytes = 0;
  private isWriting = false;
  private gathering: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: CompletionsOptions) {}

  /** Resolves once the answer is committed, or never will be. */
  keep(entry: Entry, requestFields: Fields, body: Uint8Array | undefined, described: Described = {}): Promise<Kept> {
    const before = this.uncommitted(entry);
    const write: EntryWrite = {
      entry,
      requestFields,
      body: body ?? before?.body,
      tags: described.tags,
      changeHash: described.changeHash ?? before?.changeHash,
    };
    return new Promise((settle) => {
      this.waiting.push({ write, settle });
      this.bytes += sizeOf(write);
      const known = this.newest.get(entry.key);
      if (known === undefined || compareVersions(known.entry.version, entry.version) < 0)
        this.newest.set(entry.key, write);
      if (this.waiting.length === 1) this.flushLater();
      else if (this.waiting.length === MOST_AT_ONCE) void this.flush();
    });
  }

  /** A 304 may renew what is itself still on its way: then the body must come along, for the older of the two is not written. */
  private uncommitted(entry: Entry): EntryWrite | undefined {
    const before = this.newest.get(entry.key);
    return before?.entry.bodyHash === entry.bodyHash ? before : undefined;
  }

  /** The newest answer for this key that is not committed yet. */
  pending(key: string): EntryWrite | undefined {
    return this.newest.get(key);
  }

  /** 0 empty, 1 full. Background work is not taken at half, so that users' calls still fit. */
  fullness(): number {
    return this.bytes / this.options.maxBytes;
  }

  /** Writes what waits, as far as PostgreSQL lets it in the time given. */
  async close(withinMs: number): Promise<void> {
    const until = this.options.clock.now() + withinMs;
    while (this.newest.size > 0 && this.options.clock.now() < until) {
      void this.flush(); // not awaited: it lasts as long as PostgreSQL is away
      await pause(10);
    }
    this.isClosed = true;
  }

  private async flush(): Promise<void> {
    if (this.isWriting || this.isClosed || this.waiting.length === 0) return;
    this.isWriting = true;
    clearTimeout(this.gathering); // it would cut the next batch short
    this.gathering = undefined;
    try {
      do {
        const batch = this.waiting.splice(0, batchLength(this.waiting));
        await this.writeBatch(batch);
      } while (this.waiting.length >= MOST_AT_ONCE && !this.isClosed);
    } catch (error) {
      // Closed while PostgreSQL is away: what waits is lost with this process, and was never acknowledged.
      this.options.logger.warn({ err: error, waiting: this.newest.size }, 'answers could not be kept before the end');
    } finally {
      this.isWriting = false;
      if (this.waiting.length > 0) this.flushLater();
    }
  }

  private flushLater(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      if (this.waiting.length < MANY) void this.flush();
      else this.gatherOn();
    }, GATHERING_MS);
  }

  private gatherOn(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      void this.flush();
    }, GATHERING_ON_MS);
  }

  private async writeBatch(batch: readonly Waiting[]): Promise<void> {
    const newest = newestByKey(batch);
    const results = await this.writeUntilDone([...newest.values()].map((waiting) => waiting.write));
    const byKey = new Map(results.map((result) => [result.key, result]));
    for (const { write } of batch) this.forget(write);
    // Not awaited: the next batch may be written meanwhile.
    void settleInTurns(batch, (waiting) => {
      const { key } = waiting.write.entry;
      return (newest.get(key) === waiting ? byKey.get(key) : undefined) ?? { kind: 'outdated', key };
    });
  }

  private forget(write: EntryWrite): void {
    this.bytes -= sizeOf(write);
    if (this.newest.get(write.entry.key) === write) this.newest.delete(write.entry.key);
  }

  private async writeUntilDone(writes: readonly EntryWrite[]): Promise<Kept[]> {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      try {
        return await this.options.writer.writeEntries(writes);
      } catch (error) {
        if (isAboutTheRows(error)) return this.writeHalves(writes, error);
        this.options.logger.warn(
          { err: error, waiting: this.waiting.length + writes.length, bytes: this.bytes },
          'PostgreSQL takes no answers; they wait in memory',
        );
        if (this.isClosed) throw error;
        await pause(retryMs);
      }
    }
  }

  private async writeHalves(writes: readonly EntryWrite[], error: unknown): Promise<Kept[]> {
    const [first] = writes;
    if (first === undefined) return [];
    if (writes.length === 1) {
      this.options.logger.error(
        { err: error, key: first.entry.key, upstream: first.entry.upstream },
        'the store refused an answer; it is not kept',
      );
      return [{ kind: 'refused', key: first.entry.key }];
    }
    const middle = writes.length >> 1;
    return [
      ...(await this.writeUntilDone(writes.slice(0, middle))),
      ...(await this.writeUntilDone(writes.slice(middle))),
    ];
  }
}

async function settleInTurns(batch: readonly Waiting[], keptOf: (waiting: Waiting) => Kept): Promise<void> {
  for (const [at, waiting] of batch.entries()) {
    if (at > 0 && at % SETTLED_IN_ONE_TURN === 0) await nextTurn();
    waiting.settle(keptOf(waiting));
  }
}

/** At least one, however large it is. */
function batchLength(waiting: readonly Waiting[]): number {
  let bytes = 0;
  const end = waiting.findIndex(({ write }, at) => {
    bytes += sizeOf(write);
    return at > 0 && (at >= MOST_AT_ONCE || bytes > MOST_BYTES_AT_ONCE);
  });
  return end < 0 ? waiting.length : end;
}

function newestByKey(batch: readonly Waiting[]): Map<string, Waiting> {
  const newest = new Map<string, Waiting>();
  for (const waiting of batch) {
    const { key, version } = waiting.write.entry;
    const known = newest.get(key);
    if (known === undefined || compareVersions(known.write.entry.version, version) < 0) newest.set(key, waiting);
  }
  return newest;
}

/** Classes 21 to 23 and 54 of PostgreSQL's error codes speak of the values; all others of the server or the connection. */
export function isAboutTheRows(error: unknown): boolean {
  return /^(21|22|23|54)/.test((error as { code?: string }).code ?? '');
}

function sizeOf(write: EntryWrite): number {
  return (write.body?.byteLength ?? 0) + 1_024;
}

/** After what the network has brought meanwhile. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
