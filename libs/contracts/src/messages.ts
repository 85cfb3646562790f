import type { Entry, Fields, Lane, PriorRates, Version } from '#core';
import type { EventName } from './subjects.js';

/** What every message carries: who it is, when it was said, what caused it, and the trace that it belongs to. */
export interface Envelope {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** The id of the message or call that led to this one. */
  readonly cause: string;
  /** W3C Trace Context. */
  readonly traceparent: string;
}

/** Which stored thing is meant. `path` is path and query beyond the upstream's base URL. */
export interface ResourceRef {
  readonly upstream: string;
  readonly path: string;
  readonly key: string;
  readonly urlHash: string;
  readonly partition: string;
  readonly variant: string;
}

/** Someone should look whether this entry needs a refetch. */
export interface RefreshWork extends Envelope, ResourceRef {
  readonly reason: 'due' | 'stale-read' | 'known-stale';
  /** Of the fetch that it leads to; absent: what the reason says (`stale-read`: soon, else later). */
  readonly lane?: 'soon';
  /** The declared bucket of its path, by the configuration of whoever asks. */
  readonly bucket: string;
  /** The version that the asker saw; a newer one in the store makes the work moot. */
  readonly have: Version | null;
  readonly configVersion: number;
}

/** Fetch this; nobody is connected and waiting. */
export interface FetchWork extends Envelope, ResourceRef {
  readonly lane: Lane;
  readonly reason: RefreshWork['reason'] | 'deferred';
  readonly have: Version | null;
  /** Fields of the variant to ask for, and the validators of what is stored. */
  readonly requestFields: Fields;
  readonly validators: Fields;
  readonly configVersion: number;
  /** Of the dead letter that it was requeued from, which goes when this has ended. */
  readonly letter?: string;
  /** Present where a client was told that it can have the answer later: then that is kept for it, also where it may not be stored. */
  readonly deferred?: DeferredFetch;
}

export interface DeferredFetch {
  /** Under which the client asks for the answer. */
  readonly id: string;
  readonly purpose: 'read' | 'revalidate';
  /** May be stored for others (a client's no-store forbids it). */
  readonly mayStore: boolean;
}

/** What a deferred answer came to; table `reply` keeps it beside the body. */
export type DeferredOutcome = Extract<CallReply, { readonly kind: 'answered' | 'failed' }>;

/** Fetch work as a dead letter keeps it, and as it is put back. Work is of the shared partition, so that no credential is in it. */
export type KeptFetch = Omit<FetchWork, keyof Envelope | 'letter' | 'deferred'>;

/** Orders to the holder, taken before any fetch. */
export type ControlWork = Envelope & { readonly upstream: string } & (
    | { readonly kind: 'pause'; readonly forMs: number }
    | { readonly kind: 'resume' }
    /** These have changed at the upstream, whoever says so: what is stored of them is out of date. */
    | { readonly kind: 'stale'; readonly urls: readonly StaleUrl[] }
    /** What is stored of these goes, and what is on its way for them is not stored. */
    | { readonly kind: 'purge'; readonly urls: readonly StaleUrl[] }
    /** Given-up work is to be done after all. */
    | { readonly kind: 'requeue'; readonly letter: string; readonly fetch: KeptFetch }
  );

export interface StaleUrl {
  readonly path: string;
  readonly urlHash: string;
}

/** A connected client's call, to the holder of the upstream. The request's body follows the message in its frame, or in a body stream. */
export interface CallMessage extends Envelope, ResourceRef {
  readonly kind: 'call';
  readonly lane: Lane;
  readonly method: string;
  /** As the client sent them, without hop-by-hop fields; credentials only where the upstream has none of its own. */
  readonly fields: Fields;
  /** Newest version that the asker knows of: a newer one that the holder knows of is answered from the store. */
  readonly have: Version | null;
  /** Of the entry that the asker has, to revalidate it with. */
  readonly validators: Fields;
  /** A read may be joined to another and its answer stored; a write is sent once, alone. */
  readonly purpose: 'read' | 'revalidate' | 'write' | 'pass';
  /** May be stored for others (a client's no-store forbids it). */
  readonly mayStore: boolean;
  readonly hasIdempotencyKey: boolean;
  /** Milliseconds left until the call must have been sent. */
  readonly waitLeftMs: number;
  readonly bodyStream: BodyStreamRef | null;
  /** Present where the body is still being received from the client: it is taken as it comes, once, when the call is sent. */
  readonly bodyFlow?: FlowingBodyRef;
  readonly configVersion: number;
}

/** The asker no longer waits for this call. */
export interface CancelMessage extends Envelope {
  readonly kind: 'cancel';
  readonly callId: string;
  /** It does not go on waiting, also if the call was sent. */
  readonly isGone?: boolean;
}

/** The asker wants a write's URL marked, because the holder that sent it died before it could. */
export interface MarkMessage extends Envelope, ResourceRef {
  readonly kind: 'mark';
}

export type HolderRequest = CallMessage | CancelMessage | MarkMessage;

/** A body that is sent apart, in chunks with credits. */
export interface BodyStreamRef {
  readonly id: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** A body that is still on its way when it is told of: in chunks with credits, whose length and hash are known at their end. */
export interface FlowingBodyRef {
  readonly id: string;
  /** Where it was told beforehand (Content-Length). */
  readonly bytes: number | null;
}

/** The holder's answer to a call. The answer's body follows in its frame, or in a body stream. */
export type CallReply =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** What the upstream said, 304 where the stored entry holds; null where it was not asked. */
      readonly upstreamStatus: number | null;
      /** As they came; empty where `entry` has them all. */
      readonly fields: Fields;
      readonly version: Version;
      readonly requestedAt: number;
      readonly receivedAt: number;
      /** Present when the answer may be kept by the asker too; `status` is then the entry's. */
      readonly entry: Entry | null;
      readonly from: 'upstream' | 'store';
      readonly collapsed: boolean;
      /** How long the asker waited until the call was sent for the last time; absent where none was sent for it. */
      readonly queuedMs?: number | undefined;
      readonly bodyStream: BodyStreamRef | null;
      /** Present where the answer is too large to be kept: its body is passed on as it comes, to this asker alone. */
      readonly bodyFlow?: FlowingBodyRef;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      readonly detail: string;
      /** Status of the last answer from the upstream, if there was one. */
      readonly receivedStatus: number | null;
      readonly sent: boolean;
      /** Epoch ms of the next permitted call, when a pause is the reason. */
      readonly resumeAt: number | null;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'sent' }
  | { readonly kind: 'unknown-call' }
  | { readonly kind: 'marked'; readonly before: Version }
  | { readonly kind: 'not-holder' };

/** Why a call or a fetch came to nothing. The edge turns these into statuses. */
export type FailureCode =
  | 'paused'
  | 'breaker_open'
  | 'not_sent_in_time'
  | 'holder_away'
  | 'bus_away'
  | 'connection_refused'
  | 'dns_error'
  | 'connection_timeout'
  | 'response_timeout'
  | 'body_timeout'
  | 'incomplete_answer'
  | 'invalid_answer'
  | 'answer_too_large'
  | 'destination_refused'
  | 'outcome_unknown'
  | 'internal';

/** How often what was read, since the last such message. */
export interface ReadCounts extends Envelope {
  readonly upstream: string;
  readonly counts: readonly (readonly [key: string, reads: number])[];
}

/** What the refresher has learned of some resources since the last such message: arrays of one length, one place a resource. */
export interface LearnedStats extends Envelope {
  readonly upstream: string;
  /** Of the entry. */
  readonly keys: readonly string[];
  /** Changes per second; null where nothing was observed yet: then its kind speaks for it. */
  readonly changeRates: readonly (number | null)[];
  /** Reads, each counted for less the longer ago it was, as of `readsAt`. */
  readonly reads: readonly number[];
  /** Epoch ms. */
  readonly readsAt: number;
  /** Calls' worth of a refresh, as charged by the upstream. */
  readonly costs: readonly number[];
  /** Told anew now and then, in a message of its own: what to take for all those of which nothing is known yet. */
  readonly priors?: PriorRates;
}

interface FetchFacts extends ResourceRef {
  readonly lane: Lane;
  readonly attempts: number;
  readonly throttles: number;
}

/** The facts told to everyone, by subject. Tense has meaning: all of it has happened. */
export interface EventPayloads {
  /** An entry was written. `changed`: its body differs from the one before. */
  'entry.stored': ResourceRef & {
    readonly version: Version;
    readonly status: number;
    readonly changed: boolean;
    /** Since the call that brought what stood there before; null: nothing did, so that `changed` says nothing of how often it changes. */
    readonly intervalMs: number | null;
    /** By the upstream's own clock, from Last-Modified to the answer; null where it does not say. */
    readonly unchangedForMs: number | null;
    /** It was marked as out of date again while its call was on its way. */
    readonly knownStale?: true;
    /** Calls' worth of what was charged for it; absent: one. */
    readonly cost?: number;
    readonly requestedAt: number;
    readonly receivedAt: number;
    readonly lifetimeMs: number;
    readonly bodyHash: string;
    readonly bodyBytes: number;
  };
  /** All that is stored of this URL at or below `before` is invalid, in every partition and variant. */
  'entry.invalidated': {
    readonly upstream: string;
    readonly path: string;
    readonly urlHash: string;
    readonly before: Version;
  };
  /** What is stored of this URL at or below `before` is out of date: it may be answered as stale, and is to be refreshed. */
  'entry.stale': {
    readonly upstream: string;
    readonly path: string;
    readonly urlHash: string;
    readonly before: Version;
  };
  /** Entries were collected. */
  'entry.removed': {
    readonly upstream: string;
    readonly keys: readonly string[];
    readonly reason: 'collected' | 'purged';
  };
  /** A fetch was answered by the upstream, well or ill. */
  'fetch.answered': FetchFacts & {
    readonly status: number;
    readonly version: Version;
    readonly durationMs: number;
    /** Calls' worth that it was charged, its part of it where one call brought several; absent: one. */
    readonly cost?: number;
  };
  /** A fetch was given up. */
  'fetch.failed': FetchFacts & { readonly code: FailureCode; readonly detail: string };
  /** A fetch was not worth sending any more. */
  'fetch.dropped': FetchFacts & {
    readonly reason: 'overtaken' | 'fresh' | 'undecodable' | 'undeliverable' | 'not-configured';
  };
  /** No call leaves for this scope before `pausedUntil`. */
  'upstream.paused': {
    readonly upstream: string;
    readonly scope: string;
    readonly pausedUntil: string;
    readonly quotaResetAt: string | null;
    readonly reason: string;
    readonly epoch: { readonly fence: number; readonly n: number };
  };
  /** The probe was answered; the rate climbs back. */
  'upstream.resumed': { readonly upstream: string; readonly scope: string };
  /** A dispatcher replica took the upstream's lease. */
  'upstream.held': { readonly upstream: string; readonly holder: string; readonly fence: number };
  /** A configuration is in force. */
  'config.applied': { readonly version: number };
}

export type EventMessage<N extends EventName> = Envelope & EventPayloads[N];

/** Work that was given up: what it was and why; never credentials or bodies. */
export interface DeadMessage extends Envelope {
  readonly subject: string;
  readonly upstream: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly reason: string;
  readonly history: readonly DeadAttempt[];
  /** Null where it is no fetch, or could not be read: then it cannot be requeued. */
  readonly fetch: KeptFetch | null;
}

/** One thing that became of it: a status, or the code of a failure. `waitedMs`: how long it had waited to be sent. */
export interface DeadAttempt {
  readonly at: string;
  readonly outcome: string;
  readonly waitedMs?: number;
}

/** The NATS door: a call by a program that has no HTTP client at hand. */
export interface DoorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | Fields;
  readonly body64?: string;
  readonly waitMs?: number;
}

export interface DoorReply {
  readonly status: number;
  readonly headers: Fields;
  readonly body64: string;
}
