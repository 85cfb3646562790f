import type { Breaker, BreakerState, Lane, ThrottleBudget, ThrottleVerdict } from '#core';

export type HealthAdmission =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'refuse'; readonly code: 'breaker_open' | 'paused'; readonly resumeAtMs: number };

/** What one attempt says of the upstream: `throttled` is a sign of life, and what may end in a ban. */
export type Sign = 'well' | 'throttled' | 'ill' | 'nothing';

const GO: HealthAdmission = { kind: 'go' };

/**
 * Two reasons not to send although the limits allow it: the upstream fails (the breaker), or it has throttled us so often that the next
 * throttles may end in a ban (the throttle budget, where one is configured). The probe after a pause is exempt from the first.
 */
export class UpstreamHealth {
  constructor(
    private readonly breaker: Breaker,
    private readonly budget: ThrottleBudget | undefined,
  ) {}

  admit(call: { lane: Lane; probe: boolean; chance: number }, nowMs: number): HealthAdmission {
    const throttles = this.byBudget(call.lane, nowMs);
    if (throttles.kind !== 'go' || call.probe) return throttles;
    const admission = this.breaker.admit(call.lane, nowMs, call.chance);
    return admission.kind === 'refuse' ? { ...admission, code: 'breaker_open' } : admission;
  }

  sent(nowMs: number): void {
    this.breaker.sent(nowMs);
  }

  ended(sign: Sign, nowMs: number): void {
    if (sign === 'throttled') this.budget?.seen(nowMs);
    if (sign === 'nothing') this.breaker.abandoned(nowMs);
    else this.breaker.ended(sign !== 'ill', nowMs);
  }

  breakerState(nowMs: number): BreakerState {
    return this.breaker.state(nowMs);
  }

  throttleVerdict(nowMs: number): ThrottleVerdict {
    return this.budget?.verdict(nowMs) ?? 'free';
  }

  private byBudget(lane: Lane, nowMs: number): HealthAdmission {
    const verdict = this.throttleVerdict(nowMs);
    if (verdict === 'free' || verdict === 'alarm' || (verdict === 'no-background' && lane === 'now')) return GO;
    const milderAtMs = this.budget?.milderAt(nowMs) ?? nowMs;
    return lane === 'now'
      ? { kind: 'refuse', code: 'paused', resumeAtMs: milderAtMs }
      : { kind: 'wait', untilMs: milderAtMs };
  }
}
