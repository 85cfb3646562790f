import type { Lane } from '#core';

/** What is known of a limit that nobody configured. Whoever tells the rate only is of an older version. */
export interface LearnedLimit {
  readonly perSecond: number;
  /** rate: felt out. fixed-window: seen to begin anew. declared: the upstream says it itself. */
  readonly kind?: 'rate' | 'fixed-window' | 'declared';
  readonly limit?: number;
  readonly perMs?: number;
  /** 0 to 1. */
  readonly confidence?: number;
}

export type UpstreamStateKind = 'flowing' | 'paused' | 'probing' | 'ramping';

/** Told four times a second by the holder: paces the scheduler and feeds the live view. Times are epoch ms. */
export interface UpstreamState {
  readonly upstream: string;
  readonly holder: string;
  readonly fence: number;
  readonly at: number;
  readonly state: UpstreamStateKind;
  readonly pausedUntil: number | null;
  readonly quotaResetAt: number | null;
  readonly pauseReason: string | null;
  /** Null: no window is configured. */
  readonly tokens: number | null;
  /** Calls per second that the background may spend now. */
  readonly backgroundRate: number;
  readonly queued: Readonly<Record<Lane, number>>;
  readonly inFlight: number;
  readonly calls: number;
  readonly throttles: number;
  /** Of failures, not of limits: closed, shedding a share of the background, or open. */
  readonly breaker: UpstreamBreakerState;
  /** What was learned of a limit that is not configured. */
  readonly learned: LearnedLimit | null;
  /** The upstream itself, its declared buckets, and whichever credential is paused; `state` above is the worst of them. */
  readonly scopes: readonly UpstreamScopeState[];
}

export interface UpstreamBreakerState {
  readonly state: 'closed' | 'shedding' | 'open';
  /** The share of background calls that is held back. */
  readonly shed: number;
}

export interface UpstreamScopeState {
  readonly scope: string;
  readonly state: UpstreamStateKind;
  readonly pausedUntil: number | null;
}
