import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import {
  declareBuckets,
  declareStreams,
  type BucketDeclaration,
  type StreamDeclaration,
  type Subjects,
} from '#contracts';
import { isStreamNameInUse, isStreamNotFound } from './faults.js';

/** What a run of `provision` had to make. An empty list: all was there. */
export interface Provisioned {
  /** Names of the streams and buckets that did not exist. */
  readonly created: readonly string[];
}

/** A stream of ours exists, with a setting that no server can change in place. */
export class StreamMismatchError extends Error {
  override readonly name = 'StreamMismatchError';
  readonly code = 'stream_mismatch';
}

type WantedStream = Pick<StreamConfig, 'name' | 'subjects' | 'retention' | 'storage'> & Partial<StreamConfig>;

const DUPLICATE_WINDOW_MS = 120_000;
/** Settings that are fixed once a stream exists. */
const FIXED = ['retention', 'storage'] as const;

/** Makes the declared streams and buckets, and changes those that differ. May run in several processes at once, and again at any time. */
export async function provision(jsm: JetStreamManager, subjects: Subjects): Promise<Provisioned> {
  const wanted = [
    ...Object.values(declareStreams(subjects)).map(streamOf),
    ...Object.values(declareBuckets(subjects)).map(bucketOf),
  ];
  const made = await Promise.all(wanted.map((stream) => ensureStream(jsm, stream)));
  return { created: wanted.filter((_, index) => made[index]).map((stream) => stream.name) };
}

/** The name of the stream behind a bucket, as every NATS client spells it. */
export const bucketStream = (bucket: string): string => `KV_${bucket}`;

const PER_KIND: Readonly<Record<StreamDeclaration['kind'], Partial<StreamConfig> & Pick<StreamConfig, 'retention'>>> = {
  'coalescing-work': {
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    max_msgs_per_subject: 1,
  },
  work: { retention: RetentionPolicy.Workqueue, discard: DiscardPolicy.New },
  log: { retention: RetentionPolicy.Limits, discard: DiscardPolicy.Old },
  newest: { retention: RetentionPolicy.Limits, discard: DiscardPolicy.Old, max_msgs_per_subject: 1 },
};

function streamOf(declaration: StreamDeclaration): WantedStream {
  return {
    ...PER_KIND[declaration.kind],
    name: declaration.name,
    subjects: [declaration.subject],
    storage: StorageType.File,
    max_age: nanos(declaration.maxAgeMs),
    max_bytes: declaration.maxBytes,
    duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, declaration.maxAgeMs)),
  };
}

/** A bucket is a stream with fixed settings. It is made here, not by the client's `Kvm`, which never changes the ttl of one that exists. */
function bucketOf(declaration: BucketDeclaration): WantedStream {
  const windowMs = declaration.ttlMs === 0 ? DUPLICATE_WINDOW_MS : Math.min(DUPLICATE_WINDOW_MS, declaration.ttlMs);
  return {
    name: bucketStream(declaration.name),
    subjects: [`$KV.${declaration.name}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    max_age: nanos(declaration.ttlMs),
    duplicate_window: nanos(windowMs),
    allow_rollup_hdrs: true,
    deny_delete: true,
    allow_direct: true,
  };
}

/** @returns whether it had to be made. */
async function ensureStream(jsm: JetStreamManager, wanted: WantedStream): Promise<boolean> {
  const found = await findStream(jsm, wanted.name);
  if (found === null) return addStream(jsm, wanted);
  refuseFixedDifferences(found, wanted);
  if (differs(found, wanted)) await jsm.streams.update(wanted.name, wanted);
  return false;
}

async function findStream(jsm: JetStreamManager, name: string): Promise<StreamConfig | null> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (isStreamNotFound(error)) return null;
    throw error;
  }
}

async function addStream(jsm: JetStreamManager, wanted: WantedStream): Promise<boolean> {
  try {
    await jsm.streams.add(wanted);
    return true;
  } catch (error) {
    // Another process was faster, with a declaration of another version of Penstock.
    if (isStreamNameInUse(error)) return ensureStream(jsm, wanted);
    throw error;
  }
}

function refuseFixedDifferences(found: StreamConfig, wanted: WantedStream): void {
  for (const key of FIXED) {
    if (found[key] === wanted[key]) continue;
    throw new StreamMismatchError(
      `stream ${wanted.name}: expected ${key} ${String(wanted[key])}, found ${String(found[key])}; delete that stream, or choose another PENSTOCK_NAMESPACE`,
    );
  }
}

function differs(found: StreamConfig, wanted: WantedStream): boolean {
  return Object.entries(wanted).some(
    ([key, value]) => JSON.stringify(found[key as keyof StreamConfig]) !== JSON.stringify(value),
  );
}
