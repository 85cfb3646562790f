import type { Gate, LaneDepths } from '#core';
import type { UpstreamState } from '#contracts';

/** What the holder tells of its upstream four times a second. */
export function stateOf(of: {
  upstream: string;
  holder: string;
  fence: number;
  gate: Gate;
  queued: LaneDepths;
  nowMs: number;
}): UpstreamState {
  const { upstream, holder, fence, gate, queued, nowMs } = of;
  const state = gate.state(nowMs);
  const { calls, throttles, inFlight } = gate.counters;
  const paused = state.kind === 'paused' ? state : undefined;
  const rate = gate.rate(nowMs);
  return {
    upstream,
    holder,
    fence,
    at: Math.round(nowMs),
    state: state.kind,
    pausedUntil: paused === undefined ? null : Math.ceil(paused.untilMs),
    quotaResetAt: paused?.quotaResetAtMs ?? null,
    pauseReason: paused?.reason ?? null,
    tokens: gate.tokens(nowMs) ?? null,
    // JSON has no Infinity: without any bound the concurrency is what bounds.
    backgroundRate: Number.isFinite(rate) ? rate : UNBOUNDED_RATE,
    queued: { ...queued },
    inFlight,
    calls,
    throttles,
    learned: gate.learned === undefined ? null : { perSecond: gate.learned.perSecond },
  };
}

const UNBOUNDED_RATE = 1_000;
