import type { Lane } from '#core';
import type { Subjects } from './subjects.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/**
 * What the broker keeps. `coalescing` refuses a second pending message on one subject (NATS.md section 7). `newest` keeps one message a
 * subject, the last: an upstream that is down for hours would else fill the stream with the same resources over and over.
 */
export interface StreamDeclaration {
  readonly name: string;
  readonly subject: string;
  readonly kind: 'coalescing-work' | 'work' | 'log' | 'newest';
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

export type StreamName = 'refresh' | 'fetch' | 'control' | 'events' | 'dead';

export function declareStreams(subjects: Subjects): Readonly<Record<StreamName, StreamDeclaration>> {
  const ns = subjects.namespace;
  const { all } = subjects;
  return {
    refresh: {
      name: `${ns}_WORK_REFRESH`,
      subject: all.refresh,
      kind: 'coalescing-work',
      maxAgeMs: HOUR_MS,
      maxBytes: 256 * MIB,
    },
    fetch: {
      name: `${ns}_WORK_FETCH`,
      subject: all.fetch,
      kind: 'coalescing-work',
      maxAgeMs: HOUR_MS,
      maxBytes: 512 * MIB,
    },
    control: { name: `${ns}_CONTROL`, subject: all.control, kind: 'work', maxAgeMs: HOUR_MS, maxBytes: 64 * MIB },
    events: { name: `${ns}_EVENTS`, subject: all.events, kind: 'log', maxAgeMs: HOUR_MS, maxBytes: GIB },
    dead: { name: `${ns}_DEAD`, subject: all.dead, kind: 'newest', maxAgeMs: 7 * DAY_MS, maxBytes: 256 * MIB },
  };
}

/** A durable consumer: who takes what from which stream. */
export interface ConsumerDeclaration {
  readonly stream: string;
  readonly durable: string;
  readonly filter: string;
  readonly ackWaitMs: number;
  readonly maxAckPending: number;
}

/** Held messages are kept alive every second, so five seconds without a sign means that the puller is gone. */
const ACK_WAIT_MS = 5_000;

export interface ConsumerDeclarations {
  /** One shared consumer: any refresher takes any refresh. */
  refresh(): ConsumerDeclaration;
  /** One consumer per upstream, lane and bucket, made by the holder. */
  fetch(lane: Lane, upstream: string, bucket: string): ConsumerDeclaration;
  control(upstream: string): ConsumerDeclaration;
}

export function declareConsumers(subjects: Subjects): ConsumerDeclarations {
  const streams = declareStreams(subjects);
  const of = (stream: string, durable: string, filter: string): ConsumerDeclaration => ({
    stream,
    durable,
    filter,
    ackWaitMs: ACK_WAIT_MS,
    maxAckPending: 10_000,
  });
  return {
    refresh: () => of(streams.refresh.name, 'refresher', subjects.all.refresh),
    fetch: (lane, upstream, bucket) =>
      of(streams.fetch.name, `fetch_${upstream}_${lane}_${bucket}`, subjects.fetchLane(lane, upstream, bucket)),
    control: (upstream) => of(streams.control.name, `control_${upstream}`, subjects.controlOf(upstream)),
  };
}

/** A key-value bucket. `ttlMs` 0 keeps its keys for ever. */
export interface BucketDeclaration {
  readonly name: string;
  readonly ttlMs: number;
}

export const LEASE_TTL_MS = 3_000;
export const LEASE_RENEW_MS = 1_000;
/** The lease counts from before the renewal was sent, less this: what a tick and a socket write may take. */
export const LEASE_MARGIN_MS = 500;

export function declareBuckets(subjects: Subjects): { leases: BucketDeclaration; scopes: BucketDeclaration } {
  return {
    leases: { name: `${subjects.namespace}_leases`, ttlMs: LEASE_TTL_MS },
    scopes: { name: `${subjects.namespace}_scopes`, ttlMs: 0 },
  };
}

export const leaseKeys = {
  upstream: (upstream: string): string => `upstream.${upstream}`,
  scheduler: (upstream: string): string => `scheduler.${upstream}`,
  member: (app: AppName, id: string): string => `member.${app}.${id}`,
  members: (app: AppName): string => `member.${app}.*`,
} as const;

export type AppName = 'cache-api' | 'scheduler' | 'refresher' | 'dispatcher';
