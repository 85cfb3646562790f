import type { ThrottleReading } from '#core';
import type { UpstreamState, UpstreamStateKind } from '#contracts';
import type { Metrics } from '#runtime';
import type { FetchOutcome } from './fetch-outcome.js';
import type { Flight } from './flight.js';

export interface DispatchMetrics {
  settled(upstream: string, flight: Flight, outcome: FetchOutcome, throttle: ThrottleReading): void;
  state(state: UpstreamState): void;
  forget(upstream: string): void;
}

const STATE_VALUES: Readonly<Record<UpstreamStateKind, number>> = { flowing: 0, ramping: 1, probing: 2, paused: 3 };
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createDispatchMetrics(metrics: Metrics): DispatchMetrics {
  const calls = metrics.counter('penstock_calls_total', 'Calls sent to upstreams', ['upstream', 'lane', 'outcome']);
  const throttles = metrics.counter('penstock_throttles_total', 'Answers that were throttles', ['upstream']);
  const ignored = metrics.counter(
    'penstock_throttle_values_ignored_total',
    'Waits told by throttles that could not be read',
    ['upstream', 'field'],
  );
  const seconds = metrics.histogram(
    'penstock_call_seconds',
    'Time from send to the whole answer',
    ['upstream'],
    SECONDS,
  );
  const state = metrics.gauge('penstock_upstream_state', '0 flowing, 1 ramping, 2 probing, 3 paused', ['upstream']);
  const queued = metrics.gauge('penstock_queued', 'Flights that wait in the holder', ['upstream', 'lane']);
  const inFlight = metrics.gauge('penstock_in_flight', 'Calls on their way', ['upstream']);
  return {
    settled(upstream, { lane }, outcome, throttle) {
      const isThrottle = throttle.kind === 'throttle';
      calls.inc({ upstream, lane, outcome: isThrottle ? 'throttled' : labelOf(outcome) });
      if (isThrottle) throttles.inc({ upstream });
      // The names are those of the dialect, not what an upstream thinks up.
      if (isThrottle) for (const { field } of throttle.ignored) ignored.inc({ upstream, field });
      if (outcome.kind === 'answered') seconds.observe({ upstream }, (outcome.receivedAt - outcome.requestedAt) / 1000);
    },
    state(now) {
      const { upstream } = now;
      state.set({ upstream }, STATE_VALUES[now.state]);
      inFlight.set({ upstream }, now.inFlight);
      for (const [lane, depth] of Object.entries(now.queued)) queued.set({ upstream, lane }, depth);
    },
    forget(upstream) {
      state.remove({ upstream });
      inFlight.remove({ upstream });
      for (const lane of ['now', 'soon', 'later'] as const) queued.remove({ upstream, lane });
    },
  };
}

function labelOf(outcome: FetchOutcome): string {
  if (outcome.kind === 'answered') return `${Math.floor(outcome.status / 100)}xx`;
  return outcome.abandoned === true ? 'abandoned' : outcome.code;
}
