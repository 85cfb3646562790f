import type { GateSet, GateState, LaneDepths, BreakerState } from '#core';
import type { UpstreamState } from '#contracts';

/** What the holder tells of its upstream four times a second. */
export function stateOf(of: {
  upstream: string;
  holder: string;
  fence: number;
  gates: GateSet;
  breaker: BreakerState;
  queued: LaneDepths;
  nowMs: number;
}): UpstreamState {
  const { upstream, holder, fence, gates, queued, nowMs } = of;
  const gate = gates.upstream;
  const state = gates.worst(nowMs);
  const { calls, throttles, inFlight } = gate.counters;
  const paused = state.kind === 'paused' ? state : undefined;
  const rate = gate.rate(nowMs);
  return {
    upstream,
    holder,
    fence,
    at: Math.round(nowMs),
    state: state.kind,
    pausedUntil: endOf(state),
    quotaResetAt: paused?.quotaResetAtMs ?? null,
    pauseReason: paused?.reason ?? null,
    tokens: gate.tokens(nowMs) ?? null,
    // JSON has no Infinity: without any bound the concurrency is what bounds.
    backgroundRate: Number.isFinite(rate) ? rate : UNBOUNDED_RATE,
    queued: { ...queued },
    inFlight,
    calls,
    throttles,
    breaker: { state: of.breaker.kind, shed: of.breaker.kind === 'closed' ? 0 : of.breaker.p },
    scopes: gates.states(nowMs).map((one) => ({
      scope: one.scope,
      state: one.state.kind,
      pausedUntil: endOf(one.state),
    })),
    learned: gate.learned ?? null,
  };
}

const UNBOUNDED_RATE = 1_000;

function endOf(state: GateState): number | null {
  return state.kind === 'paused' ? Math.ceil(state.untilMs) : null;
}
