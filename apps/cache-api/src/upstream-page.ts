import type { LearnedLimit, UpstreamBreakerState, UpstreamState, UpstreamStateKind } from '#contracts';
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
    readonly learned: LearnedLimit | null;
  };
  readonly tokens: number | null;
  readonly queued: { readonly now: number; readonly soon: number; readonly later: number };
  readonly inFlight: number;
  readonly calls: number;
  readonly throttles: number;
  readonly breaker: UpstreamBreakerState;
  readonly scopes: readonly {
    readonly scope: string;
    readonly state: UpstreamStateKind;
    readonly pausedUntil: string | null;
  }[];
}

/** Without a holder no call leaves, which is what a pause is. */
const WITHOUT_HOLDER: Omit<UpstreamState, 'upstream' | 'fence' | 'at' | 'holder' | 'backgroundRate'> & {
  readonly holder: null;
} = {
  holder: null,
  state: 'paused',
  pausedUntil: null,
  quotaResetAt: null,
  pauseReason: 'no dispatcher holds this upstream',
  tokens: null,
  queued: { now: 0, soon: 0, later: 0 },
  inFlight: 0,
  calls: 0,
  throttles: 0,
  breaker: { state: 'closed', shed: 0 },
  learned: null,
  scopes: [{ scope: 'upstream', state: 'paused', pausedUntil: null }],
};

export function upstreamPage(view: UpstreamView, heard: UpstreamState | undefined): UpstreamPage {
  const { state, pauseReason, holder, learned, tokens, queued, inFlight, calls, throttles, scopes, breaker, ...times } =
    heard ?? WITHOUT_HOLDER;
  const pausedUntil = timeOf(times.pausedUntil);
  return {
    id: view.id,
    ...{ state, pausedUntil, quotaResetAt: timeOf(times.quotaResetAt), pauseReason, holder },
    limits: { configured: view.config.limits.windows, learned },
    ...{ tokens, queued, inFlight, calls, throttles },
    breaker,
    scopes: scopes.map((one) => ({ ...one, pausedUntil: timeOf(one.pausedUntil) })),
  };
}

function timeOf(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
