import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';

/** One key of a bucket as the server has it. */
export interface BucketRecord<Value> {
  readonly kind: 'present';
  readonly value: Value;
  readonly revision: number;
  /** The server's timestamp of this revision: differences of two are true, whatever our own clock says. */
  readonly storedAtMs: number;
}

/** `revision` 0: the key was never written, or its time ran out. Else what was there was deleted. */
export interface BucketGap {
  readonly kind: 'absent';
  readonly value: null;
  readonly revision: number;
}

const encoder = new TextEncoder();

export const encodeValue = (value: object): Uint8Array => encoder.encode(JSON.stringify(value));

export async function readKey<Value extends object>(kv: KV, key: string): Promise<BucketRecord<Value> | BucketGap> {
  const entry = await kv.get(key);
  if (entry === null) return { kind: 'absent', value: null, revision: 0 };
  const value = entry.operation === 'PUT' ? parseValue<Value>(entry) : null;
  if (value === null) return { kind: 'absent', value: null, revision: entry.revision };
  return { kind: 'present', value, revision: entry.revision, storedAtMs: entry.created.getTime() };
}

/** Writes only if the key is still at that revision. Another's revision: {@link isOvertaken}. */
export function writeKey(kv: KV, key: string, value: object, seenRevision: number): Promise<number> {
  const bytes = encodeValue(value);
  return seenRevision === 0 ? kv.create(key, bytes) : kv.update(key, bytes, seenRevision);
}

/** Someone else wrote the key first. */
export const isOvertaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);

/** What is not JSON was not written by us: it counts as deleted, and is overwritten by the next to write. */
function parseValue<Value>(entry: KvEntry): Value | null {
  try {
    return entry.json<Value>();
  } catch {
    return null;
  }
}
