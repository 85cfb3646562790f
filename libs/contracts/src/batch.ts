import type { Envelope, FetchWork, RefreshWork } from './messages.js';

/** Work of a kind in one message: left once, pulled once, acknowledged once. What all of it shares is said once, beside `items`. */
export interface Batch<Item extends object = object> extends Envelope {
  readonly upstream: string;
  readonly items: readonly Item[];
}

type OfOne = 'path' | 'key' | 'urlHash' | 'variant' | 'have';

/** Present where one call is to bring all of them: the `match` of its rule in the configuration. */
interface Joint {
  readonly together?: string;
}

export type RefreshItem = Pick<RefreshWork, OfOne>;
export type RefreshBatch = Omit<RefreshWork, OfOne> & Batch<RefreshItem> & Joint;

export type FetchItem = Pick<FetchWork, OfOne | 'requestFields' | 'validators'>;
export type FetchBatch = Omit<FetchWork, keyof FetchItem | 'letter' | 'deferred'> & Batch<FetchItem> & Joint;

/** Half of what a holder pulls ahead (late binding): while one batch is spent, there is room for the next. */
export const MOST_BATCHED = 32;
/** Of paths, fields and the like in one message: far below what a server takes in one, 1 MiB. */
export const MOST_BATCHED_CHARS = 128 * 1024;

export function isBatch(message: object): message is Batch {
  return Array.isArray((message as Partial<Batch>).items);
}

/** How many calls a batch stands for: what a pull has room for is counted in calls. */
export function callsIn(batch: Batch & Joint): number {
  return batch.together === undefined ? batch.items.length : Math.min(1, batch.items.length);
}

/** Stands where the subject of work for one resource bears its key. An id may hold what a subject's token may not. */
export function batchToken(id: string): string {
  return `batch-${id.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;
}

/** The subject that work from a batch would have had alone. */
export function singleSubjectOf(batchSubject: string, key: string): string {
  return batchSubject.slice(0, batchSubject.lastIndexOf('.') + 1) + key;
}

/** In order, no batch larger than `most`, nor with more than `MOST_BATCHED_CHARS`; what is larger by itself is alone. */
export function inBatches<Item>(items: readonly Item[], most: number, charsOf: (item: Item) => number): Item[][] {
  const batches: Item[][] = [];
  let batch: Item[] = [];
  let chars = 0;
  for (const item of items) {
    const more = charsOf(item);
    if (batch.length > 0 && (batch.length >= most || chars + more > MOST_BATCHED_CHARS)) {
      batches.push(batch);
      [batch, chars] = [[], 0];
    }
    batch.push(item);
    chars += more;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** The same id at every delivery: who asks again is known by it. */
const idOf = (batchId: string, index: number): string => `${batchId}.${index}`;

/** One of them as a message of its own, whatever work it is. */
export function singleOf({ items, together: _, ...rest }: Batch & Joint, index: number): Envelope {
  return { ...rest, ...items[index], id: idOf(rest.id, index) };
}

export function singlesOf(batch: Batch): Envelope[] {
  return batch.items.map((_, index) => singleOf(batch, index));
}

// Written out: this is done for every refresh, and twenty names spread twice cost more than all the rest of it.
export function fetchesOf(batch: FetchBatch): FetchWork[] {
  const { id, at, cause, traceparent, upstream, partition, lane, reason, configVersion } = batch;
  return batch.items.map(({ path, key, urlHash, variant, have, requestFields, validators }, index) => ({
    id: idOf(id, index),
    at,
    cause,
    traceparent,
    upstream,
    path,
    key,
    urlHash,
    partition,
    variant,
    lane,
    reason,
    have,
    requestFields,
    validators,
    configVersion,
  }));
}
