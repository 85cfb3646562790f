import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { readKey, type BucketGap, type BucketRecord } from './bucket-record.js';
import type { Bus } from './connection.js';
import { bucketStream } from './provision.js';

export interface BucketWatchOptions<Value> {
  readonly bus: Bus;
  readonly kv: KV;
  readonly bucket: string;
  /** Key patterns: `upstream.*`. */
  readonly filters: readonly string[];
  onChanged(key: string, found: BucketRecord<Value> | BucketGap): void;
}

export interface BucketWatch<Value> {
  /** Reads the key now; those who ask at the same time share one read. `onChanged` hears of it first. */
  look(key: string): Promise<BucketRecord<Value> | BucketGap>;
  /** Settled once what was there at the start has been told. */
  readonly ready: Promise<void>;
  close(): void;
}

/** A hint may overtake what it hints at: look again after these waits, unless the key has changed. */
const LOOK_AGAIN_MS = [0, 20, 100];

/**
 * Hears of every write to some keys of a bucket.
 *
 * A write to a bucket is a message on a subject, so a plain subscription hears it: unlike a watch consumer it outlives the loss of the
 * store and needs no care after a reconnect. But it also hears writes that the server refuses, and may hear one before it is stored.
 * Hence a message is only a hint to look. That a key's time ran out is told by nobody, here or in a watch.
 */
export function watchBucket<Value extends object>(options: BucketWatchOptions<Value>): BucketWatch<Value> {
  return new HintedWatch(options);
}

class HintedWatch<Value extends object> implements BucketWatch<Value> {
  readonly ready: Promise<void>;
  private readonly known = new Map<string, number>();
  private readonly looks = new Map<string, Promise<BucketRecord<Value> | BucketGap>>();
  private readonly chases = new Map<string, { again: boolean }>();
  private readonly closers: (() => void)[] = [];
  private closed = false;

  constructor(private readonly options: BucketWatchOptions<Value>) {
    const prefix = keySubject(options.bucket, '');
    for (const filter of options.filters) {
      const callback = (_: unknown, message: { subject: string }): void =>
        this.hint(message.subject.slice(prefix.length));
      const subscription = options.bus.nc.subscribe(keySubject(options.bucket, filter), { callback });
      this.closers.push(() => subscription.unsubscribe());
    }
    this.closers.push(options.bus.onReconnected(() => this.lookAtAll()));
    this.ready = this.lookAtAll();
  }

  look(key: string): Promise<BucketRecord<Value> | BucketGap> {
    const running = this.looks.get(key) ?? this.read(key).finally(() => this.looks.delete(key));
    this.looks.set(key, running);
    return running;
  }

  close(): void {
    this.closed = true;
    for (const close of this.closers) close();
  }

  private async read(key: string): Promise<BucketRecord<Value> | BucketGap> {
    const found = await readKey<Value>(this.options.kv, key);
    // A store that was lost counts its revisions from 1 again: other, not only higher.
    if (!this.closed && found.revision !== (this.known.get(key) ?? 0)) {
      if (found.revision === 0) this.known.delete(key);
      else this.known.set(key, found.revision);
      this.options.onChanged(key, found);
    }
    return found;
  }

  private hint(key: string): void {
    const chase = this.chases.get(key);
    if (chase !== undefined) chase.again = true;
    else void this.chase(key);
  }

  private async chase(key: string): Promise<void> {
    const chase = { again: true };
    this.chases.set(key, chase);
    while (chase.again && !this.closed) {
      chase.again = false;
      await this.lookUntilChanged(key);
    }
    this.chases.delete(key);
  }

  private async lookUntilChanged(key: string): Promise<void> {
    const before = this.known.get(key);
    for (const waitMs of LOOK_AGAIN_MS) {
      if (waitMs > 0) await delay(waitMs);
      if (this.closed) return;
      await this.lookQuietly(key);
      if (this.known.get(key) !== before) return;
    }
  }

  /** A read that failed is made up for by the next hint, or by the reconnect. */
  private async lookQuietly(key: string): Promise<void> {
    try {
      await this.look(key);
    } catch (error) {
      this.options.bus.logger.debug({ key, reason: String(error) }, 'could not read a key of a bucket');
    }
  }

  private async lookAtAll(): Promise<void> {
    const keys = new Set(this.known.keys());
    for (const filter of this.options.filters) for (const key of await this.keysOf(filter)) keys.add(key);
    await Promise.all([...keys].map((key) => this.lookQuietly(key)));
  }

  private async keysOf(filter: string): Promise<string[]> {
    const { bus, bucket } = this.options;
    try {
      return await listKeys(bus, bucket, filter);
    } catch (error) {
      bus.logger.debug({ bucket, reason: String(error) }, 'could not list the keys of a bucket');
      return [];
    }
  }
}

export async function listKeys(bus: Bus, bucket: string, filter: string): Promise<string[]> {
  const wanted = { subjects_filter: keySubject(bucket, filter) };
  const { state } = await bus.jsm.streams.info(bucketStream(bucket), wanted);
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(keySubject(bucket, '').length));
}

/** The subject of a key, as every NATS client spells it. */
export const keySubject = (bucket: string, key: string): string => `$KV.${bucket}.${key}`;
