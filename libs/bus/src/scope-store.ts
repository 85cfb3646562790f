import { declareBuckets } from '#contracts';
import { isOvertaken, readKey, writeKey, type BucketRecord } from './bucket-record.js';
import { watchBucket } from './bucket-watch.js';
import type { Bus } from './connection.js';
import { within } from './within.js';

/** What is known of a scope; the dispatcher says what that is. JSON without `undefined`. */
export type StoredScope<Scope> = BucketRecord<Scope>;

export interface ScopeStore<Scope extends object> {
  /** Null: nothing was ever written, or the store was lost. */
  readScope(scope: string): Promise<StoredScope<Scope> | null>;
  /**
   * Read, merge, write if nobody else wrote meanwhile, else all again. `merge` may run several times, and returns what it was given to
   * write nothing. Merging by maximum makes a writer that comes late harmless.
   */
  casScope(scope: string, merge: (current: Scope | undefined) => Scope): Promise<Scope>;
  /** One write for whoever knows what is there. @returns its revision; null: somebody else wrote, and it must be read again. */
  writeScope(scope: string, value: Scope, seenRevision: number): Promise<number | null>;
  /** Hears of all scopes of an upstream: those there now, and each change by whoever. Null: deleted, or lost. */
  watchScopes(upstream: string, listener: (scope: string, found: StoredScope<Scope> | null) => void): ScopeWatch;
  /** The highest fence that was written here; 0 if none is known. */
  highestFence(upstream: string): Promise<number>;
  /** @returns the highest fence known now, which may be another's. */
  raiseFence(upstream: string, fence: number): Promise<number>;
}

export interface ScopeWatch {
  readonly ready: Promise<void>;
  close(): void;
}

/** A key that a dozen writers fight for is a fault of ours, not a reason to try for ever. */
const MOST_TRIES = 50;
/** Of a block of quota this is most of its time: what is answered later is of no use. */
const WRITE_TIMEOUT_MS = 900;

/** Beside the scopes: an upstream's id never begins with an underscore. */
const fenceKey = (upstream: string): string => `_fence.${upstream}`;

/** Bucket `scopes`: keys are `<upstream>`, `<upstream>.<bucket>`, `<upstream>.<bucket>.<credential>`. */
export function createScopeStore<Scope extends object>(bus: Bus): ScopeStore<Scope> {
  return new BucketScopes<Scope>(bus);
}

class BucketScopes<Scope extends object> implements ScopeStore<Scope> {
  constructor(private readonly bus: Bus) {}

  async readScope(scope: string): Promise<StoredScope<Scope> | null> {
    const found = await readKey<Scope>(this.bus.scopes, scope);
    return found.kind === 'absent' ? null : found;
  }

  casScope(scope: string, merge: (current: Scope | undefined) => Scope): Promise<Scope> {
    return compareAndSet(this.bus, scope, merge);
  }

  async writeScope(scope: string, value: Scope, seenRevision: number): Promise<number | null> {
    try {
      return await within(WRITE_TIMEOUT_MS, writeKey(this.bus.scopes, scope, value, seenRevision));
    } catch (error) {
      if (isOvertaken(error)) return null;
      throw error;
    }
  }

  watchScopes(upstream: string, listener: (scope: string, found: StoredScope<Scope> | null) => void): ScopeWatch {
    return watchBucket<Scope>({
      bus: this.bus,
      kv: this.bus.scopes,
      bucket: declareBuckets(this.bus.subjects).scopes.name,
      filters: [upstream, `${upstream}.>`],
      onChanged: (scope, found) => listener(scope, found.kind === 'absent' ? null : found),
    });
  }

  async highestFence(upstream: string): Promise<number> {
    const found = await readKey<{ fence: number }>(this.bus.scopes, fenceKey(upstream));
    return found.value?.fence ?? 0;
  }

  async raiseFence(upstream: string, fence: number): Promise<number> {
    const raise = (current: { fence: number } | undefined): { fence: number } =>
      current !== undefined && current.fence >= fence ? current : { fence };
    return (await compareAndSet(this.bus, fenceKey(upstream), raise)).fence;
  }
}

async function compareAndSet<Value extends object>(
  bus: Bus,
  key: string,
  merge: (current: Value | undefined) => Value,
): Promise<Value> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await readKey<Value>(bus.scopes, key);
    const merged = merge(found.value ?? undefined);
    if (merged === found.value || (await wrote(bus, key, merged, found.revision))) return merged;
  }
  throw new Error(`could not write ${key} to the bucket of scopes: others were faster ${MOST_TRIES} times in a row`);
}

async function wrote(bus: Bus, key: string, value: object, seenRevision: number): Promise<boolean> {
  try {
    await writeKey(bus.scopes, key, value, seenRevision);
    return true;
  } catch (error) {
    if (isOvertaken(error)) return false;
    throw error;
  }
}
