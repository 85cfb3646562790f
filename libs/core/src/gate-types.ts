import type { Announcement } from './announcement.js';
import type { CeilingRecord } from './ceiling-known.js';
import type { FixedWindowRecord } from './fixed-window.js';
import type { Epoch, PauseConfig, Throttled } from './pause.js';
import type { Lane } from './priority.js';
import type { Unreported } from './reservation.js';
import type { WindowLimit, WindowRecord } from './windows.js';

export interface GateConfig {
  /** None: the limit is learned. */
  readonly windows: readonly WindowLimit[];
  readonly concurrency: number;
  /** At most this share (0 to 1) of tokens and slots is kept for lane now. */
  readonly reserveShare: number;
  /** The share of calls that the background gets while lane now takes all it can. */
  readonly backgroundFloor: number;
  readonly pause: PauseConfig;
  /** By how much the way to the upstream varies. */
  readonly spreadMs: number;
  /** The fence of the holder's lease: the higher half of every epoch. */
  readonly fence: number;
}

export type WaitReason =
  'paused' | 'probe-in-flight' | 'probe-backoff' | 'tokens' | 'slots' | 'reserve' | 'ramp' | 'reservation';

/** `untilMs` undefined: no time but an event (a call that ends) will change it. */
export type GateAdmission =
  | { readonly kind: 'go'; readonly probe: boolean }
  | { readonly kind: 'wait'; readonly untilMs: number | undefined; readonly reason: WaitReason };

/** Given at the start of a call, to be settled exactly once, whatever became of the call. */
export interface Permit {
  readonly epoch: Epoch;
  readonly probe: boolean;
  readonly lane: Lane;
  readonly startedAtMs: number;
  readonly seq: number;
  /** What it was charged. */
  readonly cost: number;
}

/** What a throttle said of its end, and of the limits. */
export interface ThrottledAnswer extends Throttled {
  readonly announcement?: Announcement | undefined;
}

export type GateOutcome =
  | {
      readonly kind: 'answered';
      readonly announcement?: Announcement | undefined;
      /** What such an answer costs, where that is known to be less than what calls are charged: the rest is given back. */
      readonly cost?: number | undefined;
    }
  | ({ readonly kind: 'throttled' } & ThrottledAnswer)
  /** 5xx, a time-out, a broken connection: nothing that concerns the limit. */
  | { readonly kind: 'failed' }
  /** Cancelled by whoever asked, before there was an answer. */
  | { readonly kind: 'abandoned' };

/** What is to be persisted and told. */
export type GateChange =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'paused';
      readonly untilMs: number;
      readonly quotaResetAtMs: number | undefined;
      readonly reason: string;
      /** false: a straggler, another writer or a hand made the pause longer; the epoch may be the same. */
      readonly escalated: boolean;
    }
  /** A hand ended the pause; the probe will tell. */
  | { readonly kind: 'probing' }
  /** The probe was answered. */
  | { readonly kind: 'resumed' };

export type GateState =
  | { readonly kind: 'flowing' }
  | {
      readonly kind: 'paused';
      readonly untilMs: number;
      readonly quotaResetAtMs: number | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'probing'; readonly inFlight: boolean }
  | { readonly kind: 'ramping'; readonly sinceMs: number };

/** How the record of another holder was left. */
export interface TakeOver {
  /** By a holder that had ended all it sent. */
  readonly clean: boolean;
  /** The time since the record was stored, as a third clock (the server's) measured it. Absent: the two clocks are taken for one. */
  readonly elapsedMs?: number;
  /** Not clean: the most that can have been sent beyond the record. Absent: nothing is known. */
  readonly unreported?: Unreported;
}

/** What is known of a limit that nobody configured. */
export interface Learned {
  /**
   * rate: found by holding below the ceiling. fixed-window: its length and limit were seen, by throttles or by what the answers tell.
   * declared: the upstream says them itself.
   */
  readonly kind: 'rate' | 'fixed-window' | 'declared';
  readonly perSecond: number;
  readonly limit?: number;
  readonly perMs?: number;
  /** 0 to 1. */
  readonly confidence: number;
}

/** The same, with all that is needed to go on from there. Older holders wrote the rate and how long it is held only. */
export interface LearnedRecord extends CeilingRecord {
  readonly kind?: Learned['kind'];
  readonly windows?: readonly WindowLimit[];
  readonly fixed?: FixedWindowRecord | undefined;
}

/** Plain JSON: what the next holder must know. Times are those of the writer's clock; `savedAtMs` says when that was. */
export interface ScopeRecord {
  readonly savedAtMs: number;
  readonly epoch: Epoch;
  readonly phase: 'flowing' | 'ramping' | 'probing';
  readonly pausedUntilMs: number;
  readonly quotaResetAtMs: number | null;
  readonly reason: string;
  readonly episodes: number;
  readonly lastWaitMs: number;
  readonly learned: LearnedRecord | null;
  readonly windows: readonly WindowRecord[];
  readonly calls: number;
  readonly throttles: number;
}
