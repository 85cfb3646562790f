import type { UpstreamState, UpstreamStateKind } from '#contracts';
import type { UpstreamView } from './upstream-view.js';

/** `GET /v1/upstreams/<u>`. */
export interface UpstreamPage {
  readonly id: string;
  readonly state: UpstreamStateKind;
  readonly pausedUntil: string | null;
  readonly quotaResetAt: string | null;
  readonly pauseReason: string | null;
  readonly holder: string | null;
  readonly limits: {
    readonly configured: readonly { readonly limit: number; readonly perMs: number }[];
    readonly learned: { readonly perSecond: number } | null;
  };
  readonly tokens: number | null;
  readonly queued: { readonly now: number; readonly soon: number; readonly later: number };
  readonly inFlight: number;
  readonly calls: number;
  readonly throttles: number;
  /** Not built yet. */
  readonly breaker: null;
  readonly scopes: readonly {
    readonly scope: string;
    readonly state: UpstreamStateKind;
    readonly pausedUntil: string | null;
  }[];
}

/** Without a holder no call leaves, which is what a pause is. */
export function upstreamPage(view: UpstreamView, state: UpstreamState | undefined): UpstreamPage {
  const kind = state?.state ?? 'paused';
  const pausedUntil = timeOf(state?.pausedUntil);
  return {
    id: view.id,
    state: kind,
    pausedUntil,
    quotaResetAt: timeOf(state?.quotaResetAt),
    pauseReason: state === undefined ? 'no dispatcher holds this upstream' : state.pauseReason,
    holder: state?.holder ?? null,
    limits: { configured: view.config.limits.windows, learned: state?.learned ?? null },
    tokens: state?.tokens ?? null,
    queued: state?.queued ?? { now: 0, soon: 0, later: 0 },
    inFlight: state?.inFlight ?? 0,
    calls: state?.calls ?? 0,
    throttles: state?.throttles ?? 0,
    breaker: null,
    scopes: [{ scope: 'upstream', state: kind, pausedUntil }],
  };
}

function timeOf(epochMs: number | null | undefined): string | null {
  return epochMs === null || epochMs === undefined ? null : new Date(epochMs).toISOString();
}
